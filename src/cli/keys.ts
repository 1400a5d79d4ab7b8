import { openNamedSession } from '../app/adapters.ts';
import { spoolRecords } from '../app/audit-spool.ts';
import { recordNow, recordsOf } from '../app/record-now.ts';
import { type KeyHome, type KeyPurpose, keyHome, type SecretPlaces, scopeKey } from '../app/secrets.ts';
import { databaseTarget } from '../config/database-target.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { systemClock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { OwnerSession } from '../postgres/database.ts';
import { addScopeKey, retireOtherScopeKeys } from '../postgres/scope-keys.ts';
import { addNewestKey, datedKeyId, newEncryptionKey, parseKeyRing } from '../vault/key-ring.ts';
import { rotateScopeKey } from '../vault/rotate-scope-key.ts';
import { account } from './account.ts';
import { exitCodes } from './exit-code.ts';
import { openLastingDatabase, openToldDatabase } from './open-database.ts';
import { tell } from './output.ts';
import { stoppable } from './stoppable.ts';

export interface RotateFlags {
  readonly scope?: boolean;
  /** Seconds. */
  readonly overlap?: number;
  readonly json?: boolean;
}

export interface RotateOptions {
  readonly places?: SecretPlaces;
}

type ReplaceableHome = Extract<KeyHome, { readonly kind: 'Key Vault' | 'file' }>;
interface Rotation {
  readonly config: Config;
  readonly flags: RotateFlags;
  readonly options: RotateOptions;
}

const clock = systemClock;

export async function rotateKeys(flags: RotateFlags, options: RotateOptions = {}): Promise<number> {
  if (flags.overlap !== undefined && !flags.scope) {
    throw new AppError('invalid_input', '--overlap belongs to --scope: the older encryption keys stay good');
  }
  const rotation = { config: loadConfig({ serving: 'nothing' }), flags, options };
  if (!flags.scope) return rotateEncryptionKey(rotation);
  // Once the new key is being installed nothing stops the rotation: it takes a moment, and half of it would have to be repeated.
  return stoppable((stop) =>
    databaseTarget(rotation.config).kind === 'embedded' ? rotateOnEmbedded(rotation, stop) : rotateOnServer(rotation),
  );
}

async function rotateEncryptionKey({ config, flags, options }: Rotation): Promise<number> {
  const home = replaceable(await keyHome(config, 'encryption', options.places), 'encryption');
  const key = await scopeKey(config, options.places);
  // Opened first: what cannot be recorded is not done. A running server may hold the embedded one, and then writes it later.
  const opened = databaseTarget(config).kind === 'embedded' ? undefined : await openToldDatabase(config, { key });
  try {
    const result = await addEncryptionKey(home);
    const events = [rotationOf('encryption', result.keyId)];
    if (opened === undefined) await spoolRecords(config, recordsOf(clock, events));
    else await recordNow(opened.database, clock, events);
    if (flags.json) process.stdout.write(`${JSON.stringify(result)}\n`);
    return exitCodes.done;
  } finally {
    await opened?.database.close();
  }
}

async function addEncryptionKey(home: ReplaceableHome) {
  // A text that cannot be read would be lost with the rotation.
  if (home.text !== undefined) parseKeyRing(home.text, placeOf(home));
  const key = newEncryptionKey(datedKeyId(clock.now()));
  const text = addNewestKey(home.text ?? '', key);
  await home.replace(text);
  const ids = parseKeyRing(text, placeOf(home)).ids;
  tell(`${placeOf(home)} has the new key ${key.id} in front. It encrypts; all ${ids.length} keys decrypt.`);
  tell('Running servers have it within 30 seconds.');
  return { purpose: 'encryption', keyId: key.id, keptIn: home.kind, name: home.name, keyIds: ids };
}

const rotationOf = (purpose: KeyPurpose, keyId: string) => ({ kind: 'keys_rotated', by: account(), purpose, keyId }) as const;

async function rotateOnServer(rotation: Rotation): Promise<number> {
  const home = replaceable(await keyHome(rotation.config, 'scope', rotation.options.places), 'scope');
  const session = await openNamedSession(rotation.config, 'postgresOwnerUrl');
  try {
    return await rotateScope(rotation, home, session);
  } finally {
    await session.close();
  }
}

async function rotateOnEmbedded(rotation: Rotation, stop: AbortSignal): Promise<number> {
  const { config, options } = rotation;
  const key = await scopeKey(config, options.places);
  const home = replaceable(await keyHome(config, 'scope', options.places), 'scope');
  const { database, session } = await openLastingDatabase(config, { key, signal: stop });
  try {
    if (session === undefined) throw new Error('the embedded database gives no session');
    return await rotateScope(rotation, home, session('owner'));
  } finally {
    await database.close();
  }
}

async function rotateScope(
  { config, flags }: Rotation,
  home: ReplaceableHome,
  session: Pick<OwnerSession, 'query'>,
): Promise<number> {
  const { kid, overlapMs } = await rotateScopeKey({
    install: async (key) => {
      await addScopeKey(session, key);
      tell(`The database accepts the new key ${key.kid} beside the present one.`);
    },
    store: async (text) => {
      await home.replace(text);
      tell(`${placeOf(home)} holds it. Running servers sign with it within 30 seconds.`);
    },
    retireOthers: (newest, afterMs) => retireOtherScopeKeys(session, newest, afterMs),
    nowMs: clock.now(),
    // Nobody is served by the embedded database at this moment, so nobody has a token of the old key.
    overlapMs: (flags.overlap ?? (databaseTarget(config).kind === 'embedded' ? 0 : 120)) * 1000,
  });
  tell(overlapMs === 0 ? 'Every other key has ended.' : `Every other key ends in ${overlapMs / 1000} seconds.`);
  await recordNow(session, clock, [rotationOf('scope', kid)]);
  const result = { purpose: 'scope', keyId: kid, keptIn: home.kind, name: home.name, othersEndAfterSeconds: overlapMs / 1000 };
  if (flags.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  return exitCodes.done;
}

function replaceable(home: KeyHome, purpose: KeyPurpose): ReplaceableHome {
  if (home.kind === 'Key Vault' || home.kind === 'file') return home;
  throw new AppError('misconfigured', `${placeOf(home)} cannot be replaced from here`, { hint: stepsByHand(home, purpose) });
}

/** What an operator does where the secret is not ours to write. The key itself is made by him and shown to nobody. */
function stepsByHand({ kind, name }: KeyHome, purpose: KeyPurpose): string {
  const id = datedKeyId(clock.now());
  const make = `1. Make a key: echo "${id}:$(openssl rand -base64 32)"`;
  const taken = kind === 'environment' ? 'and restart them' : 'they read it within 30 seconds';
  const steps =
    purpose === 'encryption'
      ? [make, `2. Put it in front of what ${name} holds, a blank between, for every server; ${taken}`]
      : [
          make,
          `2. Let the database know it beside the present one: run bootstrap with ${name} set to it`,
          `3. Put it in place of what ${name} holds, for every server; ${taken}`,
          `4. A minute later, as the owner: UPDATE keys.scope_keys SET valid_to = now() WHERE purpose = 'sign' AND kid <> '${id}'`,
        ];
  return steps.join('\n');
}

function placeOf({ kind, name }: KeyHome): string {
  if (kind === 'environment') return `The variable ${name} of the environment`;
  return kind === 'Key Vault' ? `The secret ${name} in Key Vault` : `The ${kind} ${name}`;
}
