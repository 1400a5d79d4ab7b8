import { AppError } from '../core/errors.ts';

/** What an estimate is made from, and what each means. Quantities are of one month of 730 hours. */
export const inputMeanings = {
  replicas: 'replicas of the server that run all the time',
  container_vcpu: 'vCPUs of one replica',
  container_memory_gib: 'GiB of memory of one replica',
  requests: 'requests a month',
  postgres_sku: 'SKU of the database server, as in data/prices.json',
  postgres_ha: '1 with high availability (a second server of the same kind), otherwise 0',
  postgres_storage_gb: 'GB of storage that the database server is given; what is measured is what the data takes',
  postgres_backup_gb: "GB of the database service's own backups",
  embedding_tokens: 'tokens a month sent to the embedding model',
  telemetry_gb: 'GB of logs, traces and metrics a month',
  telemetry_retention_days: 'days that telemetry is kept',
  blob_gb: 'GB of backups in Blob Storage',
  blob_writes: 'writes to Blob Storage a month',
  egress_gb: 'GB a month that leave for the internet',
} as const;

export type InputName = keyof typeof inputMeanings;
export const inputNames = Object.keys(inputMeanings) as readonly InputName[];

export interface Input {
  readonly value: number | string;
  /** `setting`: of the server's configuration. `assumed`: by the operator. */
  readonly basis: 'measured' | 'setting' | 'assumed';
  /** How it was come by. */
  readonly from: string;
}
export type Inputs = { readonly [Name in InputName]?: Input };

/** `name=value`, as COST_ASSUMPTIONS and `--assume` give them; later ones win. */
export function parseAssumptions(pairs: readonly string[]): Inputs {
  return Object.fromEntries(pairs.map(assumption));
}

function assumption(pair: string): [InputName, Input] {
  const [, name = '', text = ''] = /^\s*(\w+)\s*=\s*(\S+)\s*$/.exec(pair) ?? [];
  if (!isInputName(name)) {
    throw new AppError('invalid_input', `${JSON.stringify(pair.slice(0, 80))} is no assumption of an estimate`, {
      hint: `Write name=value with one of ${inputNames.join(', ')}.`,
    });
  }
  const value = name === 'postgres_sku' ? text : Number(text);
  if (typeof value === 'number' && !(value >= 0 && value < 1e15)) {
    throw new AppError('invalid_input', `${name} must be a number of 0 or more, not ${JSON.stringify(text.slice(0, 80))}`, {
      hint: `It means: ${inputMeanings[name]}.`,
    });
  }
  return [name, { value, basis: 'assumed', from: 'given by the operator' }];
}

function isInputName(name: string): name is InputName {
  return Object.hasOwn(inputMeanings, name);
}
