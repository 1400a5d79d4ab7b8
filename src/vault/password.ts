import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** scrypt (RFC 7914): N = 2^logN. */
interface Cost {
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

/** 128 MiB and about a third of a second each, off the event loop. https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html */
const today: Cost = { logN: 17, r: 8, p: 1 };
const saltBytes = 32;
const hashBytes = 32;
/** A stored hash must not make the server compute for minutes or take gigabytes. */
const most: Cost = { logN: 20, r: 16, p: 16 };

/** PHC string: https://github.com/P-H-C/phc-string-format */
const phcForm = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const hash = await derive(password, salt, today, hashBytes);
  return `$scrypt$ln=${today.logN},r=${today.r},p=${today.p}$${encode(salt)}$${encode(hash)}`;
}

/** Compares in constant time. False for a text that is no such hash. */
export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const parsed = parse(stored);
  if (parsed === undefined) return false;
  const hash = await derive(password, parsed.salt, parsed.cost, parsed.hash.byteLength);
  return timingSafeEqual(hash, parsed.hash);
}

/** True for a hash that costs less than today's, or that cannot be read: hash anew at the next good login. */
export function needsRehash(stored: string): boolean {
  const parsed = parse(stored);
  if (parsed === undefined) return true;
  const { cost, salt, hash } = parsed;
  return (
    cost.logN < today.logN || cost.r < today.r || cost.p < today.p || salt.byteLength < saltBytes || hash.byteLength < hashBytes
  );
}

function parse(stored: string) {
  const [, logN, r, p, salt, hash] = phcForm.exec(stored) ?? [];
  if (salt === undefined || hash === undefined) return undefined;
  const cost = { logN: Number(logN), r: Number(r), p: Number(p) };
  const payable = cost.logN >= 1 && cost.r >= 1 && cost.p >= 1 && cost.logN <= most.logN && cost.r <= most.r && cost.p <= most.p;
  const bytes = Buffer.from(hash, 'base64');
  return payable && bytes.byteLength >= 16 && bytes.byteLength <= 64
    ? { cost, salt: Buffer.from(salt, 'base64'), hash: bytes }
    : undefined;
}

/** The same password typed on another keyboard may come in other code points: NFKC (RFC 8265, section 4). */
function derive(password: string, salt: Buffer, { logN, r, p }: Cost, length: number): Promise<Buffer> {
  const N = 2 ** logN;
  // 128·N·r is the bare need; OpenSSL refuses exactly that. 160 MiB for today's cost.
  const maxmem = 160 * N * r + 1024 * r * p;
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, length, { N, r, p, maxmem }, (error, hash) =>
      error ? reject(error) : resolve(hash),
    );
  });
}

function encode(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
