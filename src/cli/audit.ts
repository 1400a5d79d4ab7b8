import { createReadStream, createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openNamedSession } from '../app/adapters.ts';
import { auditCheckpoints } from '../app/audit-trail.ts';
import { openKeys } from '../app/secrets.ts';
import type { AuditSession } from '../audit/append.ts';
import type { VerifySignature } from '../audit/checkpoint.ts';
import { type ExportVerdict, exportAudit, verifyExport } from '../audit/export.ts';
import { type Position, readTrail } from '../audit/trail.ts';
import { type Verdict, verifyAudit } from '../audit/verify.ts';
import { databaseTarget } from '../config/database-target.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { systemClock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { createHeadSigner, createHeadVerifier } from '../vault/head-signer.ts';
import { exitCodes } from './exit-code.ts';
import { openLastingDatabase } from './open-database.ts';
import { printJson, tell } from './output.ts';
import { stoppable } from './stoppable.ts';

export interface VerifyFlags {
  /** Export before what is verified; absent = from the beginning. */
  readonly after?: string;
  /** Public keys as `audit keys` prints them, for whoever has not the server's own. */
  readonly keys?: string;
  readonly json?: boolean;
}

export interface ExportFlags {
  readonly out?: string;
  readonly after?: string;
  readonly until?: string;
}

/** The trail in the database, or an export of it, offline. */
export async function verifyTrail(file: string | undefined, flags: VerifyFlags): Promise<number> {
  const config = loadConfig({ serving: 'nothing' });
  const verifySignature = await verifierOf(config, flags.keys);
  const after = flags.after === undefined ? undefined : await endOf(flags.after, verifySignature);
  const verdict =
    file === undefined
      ? await verifyLive(config, verifySignature, after)
      : await verifyFile(file, { verifySignature, ...(after && { startsAfter: after.hash }) });
  if (flags.json) process.stdout.write(`${JSON.stringify(verdict)}\n`);
  tell(`${verdict.events} records, ${verdict.checkpoints} signed heads among them, last hash ${verdict.lastHash}`);
  tell(verdict.fault === undefined ? 'The trail is whole.' : `FAULT ${verdict.fault.kind}: ${verdict.fault.message}`);
  return verdict.fault === undefined ? exitCodes.done : exitCodes.failed;
}

/** JSON lines on stdout or in a new file, sealed and signed. */
export async function exportTrail({ out, after, until }: ExportFlags): Promise<number> {
  const config = loadConfig({ serving: 'nothing' });
  const signer = await ownSigner(config);
  const start = after === undefined ? undefined : await endOf(after, signer.verify);
  return stoppable((stop) =>
    withTrail(config, async (session) => {
      const lines = exportAudit({
        records: readTrail(session, start),
        ...(start && { after: start }),
        ...(until !== undefined && { until: timeOf(until) }),
        signer,
        exportedAt: new Date(systemClock.now()).toISOString(),
      });
      const target = out === undefined ? process.stdout : createWriteStream(out, { flags: 'wx', mode: 0o600 });
      await pipeline(Readable.from(lines), target, { end: out !== undefined, signal: stop });
      if (out !== undefined) tell(`Exported to ${out}. Verify it with: zava-mcp-server audit verify ${out}`);
      return exitCodes.done;
    }),
  );
}

/** What an auditor needs to verify signatures: no secret. */
export async function printAuditKeys(): Promise<number> {
  const signer = await ownSigner(loadConfig({ serving: 'nothing' }));
  printJson(signer.publicKeys());
  return exitCodes.done;
}

/** With the server's own encryption keys. */
async function ownSigner(config: Config) {
  const keys = await openKeys(config, () => {});
  keys.close();
  return createHeadSigner(keys.encryptionKeys());
}

async function verifierOf(config: Config, file: string | undefined): Promise<VerifySignature> {
  if (file === undefined) return (await ownSigner(config)).verify;
  try {
    return createHeadVerifier(JSON.parse(await readFile(file, 'utf8')) as Record<string, string>);
  } catch (cause) {
    throw new AppError('invalid_input', `The file ${file} does not hold public keys`, {
      hint: 'It should be what `zava-mcp-server audit keys` prints.',
      cause,
    });
  }
}

/** Checkpoints first: a head that was signed by then is in the records, too. */
async function verifyLive(config: Config, verifySignature: VerifySignature, after?: Position): Promise<Verdict> {
  return withTrail(config, async (session) => {
    const checkpoints = await auditCheckpoints(config).readAll();
    const records = readTrail(session, after);
    return verifyAudit({ records, checkpoints, verifySignature, ...(after && { startsAfter: after.hash }) });
  });
}

async function verifyFile(path: string, options: Omit<Parameters<typeof verifyExport>[0], 'lines'>): Promise<ExportVerdict> {
  const input = createReadStream(path);
  const unreadable = new Promise<never>((_, reject) => {
    input.once('error', (cause: NodeJS.ErrnoException) =>
      reject(new AppError('invalid_input', `The file ${path} cannot be read (${cause.code})`, { cause })),
    );
  });
  return Promise.race([unreadable, verifyExport({ ...options, lines: createInterface({ input, crlfDelay: Infinity }) })]);
}

/** Where an export ended. One that is not whole is no ground to build on. */
async function endOf(path: string, verifySignature: VerifySignature): Promise<Position> {
  const { fault, end } = await verifyFile(path, { verifySignature });
  if (fault === undefined) return end;
  throw new AppError('invalid_input', `The export ${path} is not whole: ${fault.message}`, {
    hint: 'Give the export that was made last, unchanged.',
  });
}

async function withTrail<T>(config: Config, work: (session: AuditSession) => Promise<T>): Promise<T> {
  if (databaseTarget(config).kind === 'postgresql') {
    const operator = config.postgresOperatorUrl !== undefined;
    const session = await openNamedSession(config, operator ? 'postgresOperatorUrl' : 'postgresOwnerUrl');
    return work(session).finally(() => session.close());
  }
  const { database, session } = await openLastingDatabase(config);
  try {
    if (session === undefined) throw new Error('the embedded database gives no session');
    return await work(session('owner'));
  } finally {
    await database.close();
  }
}

function timeOf(text: string): string {
  const time = new Date(text);
  if (Number.isNaN(time.getTime()))
    throw new AppError('invalid_input', `--until ${text} is not a time`, { hint: 'Write 2026-11-01 or 2026-11-01T00:00:00Z.' });
  return time.toISOString().replace('Z', '000Z');
}
