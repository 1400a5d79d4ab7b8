import { AppError } from '../core/errors.ts';
import { masked, maskText } from './mask-text.ts';

const maxDepth = 12;

/** Parts of a name that give a secret away however the name is written: `accessToken`, `X-API-KEY`, `dbpassword`. */
const tellingPart =
  /passw(?:or)?d|passphrase|secret|token|api[-_]?key|authori[sz]ation|cookie|credential|connection[-_]?string|private[-_]?key|account[-_]?key|access[-_]?key|webhook|e[-_]?mail|phone/i;
/** Words that do so only when they stand alone, `signing_key` or `signingKey`: `monkey` is none. */
const tellingWord = /(?:^|[^a-z])(?:keys?|pwd|pass|auth|sig|dsn|jwt|bearer|pem|mail)(?![a-z])/i;
const tellingHump =
  /[a-z0-9](?:Keys?|Pwd|Pass|Auth|Sig|Dsn|Jwt|Bearer|Pem|Mail)(?![a-z])|^(?:keys?|pwd|pass|auth|sig|dsn|jwt|bearer|pem|mail)(?=[A-Z])/;

export function isTellingName(name: string): boolean {
  return judge(name).telling;
}

/** What a field's name says. */
interface Judgement {
  readonly telling: boolean;
  readonly masked: string;
  /** `name` and `value` in `{ name: 'x-api-key', value: '…' }`. */
  readonly isLabel: boolean;
  readonly isLabelled: boolean;
}

/** Names are few and come again with every line. */
const judged = new Map<string, Judgement>();
const maxJudged = 1000;

function judge(name: string): Judgement {
  const known = judged.get(name);
  if (known !== undefined) return known;
  const judgement = {
    telling: tellingPart.test(name) || tellingWord.test(name) || tellingHump.test(name),
    masked: maskText(name),
    isLabel: /^(?:name|key|field|header)$/i.test(name),
    isLabelled: /^values?$/i.test(name),
  };
  if (judged.size < maxJudged && name.length < 100) judged.set(name, judgement);
  return judgement;
}

/**
 * A copy fit for a log: plain JSON data, at any depth without what a name or a pattern gives away. Circles end, binary data is
 * counted instead of shown, and errors keep message, code, stack and causes only, because a driver's other properties hold
 * parameters and rows.
 */
export function mask(value: unknown): unknown {
  return copy(value, new Set(), 0);
}

type Path = Set<object>;

function copy(value: unknown, path: Path, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      return maskText(value);
    case 'number':
    case 'boolean':
    case 'undefined':
      return value;
    case 'bigint':
      return String(value);
    case 'object':
      return value === null ? null : copyObject(value, path, depth);
    default:
      return `[${typeof value}]`;
  }
}

function copyObject(value: object, path: Path, depth: number): unknown {
  if (path.has(value)) return '[circular]';
  if (depth >= maxDepth) return '[too deep]';
  path.add(value);
  try {
    return copyContent(value, path, depth + 1);
  } catch {
    // A getter, a proxy or a toJSON of someone else's: a log line must not fail for it.
    return '[unreadable]';
  } finally {
    path.delete(value);
  }
}

function copyContent(value: object, path: Path, depth: number): unknown {
  if (value instanceof Error) return errorFacts(value, path, depth);
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (value instanceof Map)
    return namedValues(
      [...value].map(([key, entry]) => [String(key), entry]),
      path,
      depth,
    );
  if (Array.isArray(value)) return list(value, path, depth);
  if (value instanceof Set) return list([...value], path, depth);
  if ('toJSON' in value && typeof value.toJSON === 'function') return copy(value.toJSON(), path, depth);
  return namedValues(Object.entries(value), path, depth);
}

/** `['Authorization', 'x']` is how raw headers and argument lists come: what follows a telling name is masked. */
function list(values: readonly unknown[], path: Path, depth: number): unknown[] {
  return values.map((value, index) => {
    const before = values[index - 1];
    const named = typeof value === 'string' && typeof before === 'string' && /^[\w-]+$/.test(before) && isTellingName(before);
    return named ? masked : copy(value, path, depth);
  });
}

function namedValues(entries: readonly (readonly [string, unknown])[], path: Path, depth: number): Record<string, unknown> {
  const label = entries.find(([name, value]) => typeof value === 'string' && judge(name).isLabel)?.[1];
  const labelled = typeof label === 'string' && isTellingName(label);
  const copied: Record<string, unknown> = {};
  for (const [name, value] of entries) {
    const { telling, masked: shown, isLabelled } = judge(name);
    const kept = telling || (labelled && isLabelled) ? hide(name, value) : copy(value, path, depth);
    // Assigned, this one would be the copy's prototype.
    if (shown === '__proto__') Object.defineProperty(copied, shown, { value: kept, enumerable: true });
    else copied[shown] = kept;
  }
  return copied;
}

/** Numbers and truths under a plural or a question (`tokens: 120`, `email_verified: true`) are measures. */
function hide(name: string, value: unknown): unknown {
  if (value === null || value === undefined || typeof value === 'boolean') return value;
  return typeof value === 'number' && /tokens$/i.test(name) ? value : masked;
}

function errorFacts(error: Error, path: Path, depth: number): Record<string, unknown> {
  const { code, cause, errors } = error as Error & { code?: unknown; errors?: unknown };
  return {
    name: maskText(String(error.name)),
    ...(typeof code === 'string' ? { code: maskText(code) } : {}),
    message: maskText(String(error.message)),
    // What we refuse on purpose says in its message all there is to know.
    ...(error instanceof AppError || typeof error.stack !== 'string' ? {} : { stack: maskText(error.stack) }),
    ...(cause === undefined ? {} : { cause: copy(cause, path, depth) }),
    ...(Array.isArray(errors) ? { errors: list(errors, path, depth) } : {}),
  };
}
