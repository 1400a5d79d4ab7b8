/** What stands in place of a secret; its length tells nothing. */
export const masked = '***';

/** A longer text is cut at a blank before it is searched, so that no half of a secret is left over at the cut. */
const maxLength = 65_536;

/** `"…"`, `'…'`, and `\"…\"` as it stands in JSON inside JSON. An unclosed one goes to the end. */
const quoted = String.raw`(?:"(?:[^"\\]|\\.)*(?:"|$)|'(?:[^'\\]|\\.)*(?:'|$)|\\{1,3}"(?:[^"\\]|\\[^"\\]|\\\\\\["\\])*(?:\\{1,3}"|$))`;
const assigned = String.raw`\\{0,3}["']?\s{0,4}(?:[:=]|%3[AaDd])\s{0,4}`;
/** A value without quotes ends at the semicolon of a connection string, or else at a blank or bracket. */
const value = String.raw`(?:${quoted}|[^\s;,&"'{}[\]\\][^;\r\n"']{0,512}?(?=;)|[^\s;,&"'{}[\]]+)`;
const line = String.raw`(?:${quoted}|[^\r\n]+)`;

/** Names of secrets in running text, with their prefixes (POSTGRES_PASSWORD). Starts at a word's edge: a long word is read once. */
const name =
  '[\\w-]{0,64}?(?:passw(?:or)?d|passphrase|pwd|secret|token|api[-_]?key|account[-_]?key|access[-_]?key|private[-_]?key|' +
  'signing[-_]?key|encryption[-_]?key|scope[-_]?key|credential|signature|instrumentationkey)[\\w-]{0,32}';

/** `needs` is quick to look for; without it in a text the pattern, which is slow, cannot match. */
type Rule = readonly [needs: RegExp, pattern: RegExp, replacement: string];

const rules: readonly Rule[] = [
  // RFC 7468; a block that was cut off counts to its end.
  [/-----BEGIN/, /-----BEGIN [A-Z0-9 ]{0,32}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,32}PRIVATE KEY-----|$)/g, masked],
  // JWS and JWE in compact form (RFC 7515, RFC 7516): the header is always a JSON object, hence `eyJ`.
  [/eyJ/, /eyJ[\w-]{4,}(?:\.[\w-]*){1,4}/g, masked],
  // Signed tenant scopes and sealed values: v1.<key id>.<…>.<…>.<…>
  [/v\d\./, /(?<![\w.])v\d\.[\w-]{1,64}\.[\w-]{6,}(?:\.[\w,-]*){2,3}/g, masked],
  // The user part of a URI (RFC 3986, section 3.2.1), also where a password holds an unescaped @ or /.
  [/:\/\//, /(?<=\b[a-z][a-z0-9+.-]{0,31}:\/\/)(?!\/)[^\s"'<>`]{0,1024}@/gi, `${masked}@`],
  // user:password@host without a scheme.
  [/@/, /(?<![\w.+%-])[\w.+%-]{1,128}:[^\s"'<>:/]{1,512}@(?=[\w[])/g, `${masked}@`],
  // Headers, connection strings: everything up to the end of the line.
  [
    /[:=%]/,
    new RegExp(`(?<![\\w-])((?:proxy-)?authorization|set-cookie2?|cookie|connection[-_ ]?string)(${assigned})${line}`, 'gi'),
    `$1$2${masked}`,
  ],
  // RFC 6750, section 2.1. The words that follow in prose and in challenges are no tokens.
  [/bearer\s/i, /(?<![\w-])(bearer)(\s{1,4})(?!tokens?\b|error=|realm=|scheme\b|auth|resource)[^\s"',;]+/gi, `$1$2${masked}`],
  [
    /\s/,
    /(?<![\w-])([Bb]asic|BASIC|Digest|Negotiate|SharedKey(?:Lite)?|SharedAccessSignature)(\s{1,4})(?=\S*(?:[\d+/=]|[a-z][A-Z]))[^\s"',;]{4,}/g,
    `$1$2${masked}`,
  ],
  [/[:=%]/, new RegExp(`(?<![\\w-])(${name})(${assigned})${value}`, 'gi'), `$1$2${masked}`],
  // Command lines: --password hunter2
  [/--/, new RegExp(`(?<![\\w-])(--${name})(\\s{1,4})(?!-)${value}`, 'gi'), `$1$2${masked}`],
  // Query strings of signed addresses and OAuth answers.
  [/=/, /([?&;](?:sig|code|key|x-amz-signature|x-goog-signature)=)[^&\s"'<>;]+/gi, `$1${masked}`],
  // Addresses that are themselves the permission to post.
  [/\//, /(hooks\.slack\.com\/|webhook\.office\.com\/|discord(?:app)?\.com\/api\/webhooks\/)[^\s"'<>]+/gi, `$1${masked}`],
  // Credentials that their issuers made recognisable: AWS, GitHub, GitLab, Slack, OpenAI, npm, Google, Entra ID, Azure AI.
  [/A[KS]IA/, /(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])/g, masked],
  [/[-_A]/, /(?<![A-Za-z0-9])(?:gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|xapp-|sk-|npm_|AIza)[\w-]{16,}/g, masked],
  [/Q~/, /(?<![\w~.-])[\w~.-]{3}\dQ~[\w~.-]{31,34}/g, masked],
  [/JQQJ99|Az[SC]|ASt|ACDb/, /(?<![A-Za-z0-9])[A-Za-z0-9]{40,64}(?:JQQJ99|AzSe|AzCa|ASt|ACDb)[A-Za-z0-9+/=]*/g, masked],
  // Keys as base64: 64 bytes (Azure Storage) and 32 bytes (AES-256, HMAC-SHA256).
  [/==/, /(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{86}==/g, masked],
  [/=/, /(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43}=/g, masked],
  // Stored passwords: PHC strings, bcrypt, PostgreSQL's own verifiers.
  [/\$/, /\$(?:scrypt|argon2(?:id|i|d)|pbkdf2[\w-]*|2[aby])\$[\w$=,./+-]+/g, masked],
  [/SCRAM/, /SCRAM-SHA-256\$[\w+/=:$]+/g, masked],
  // E-mail addresses, internationalised ones too (RFC 6531).
  [
    /@|%40/,
    /(?<![\p{L}\p{N}._%+'-])[\p{L}\p{N}._%+'-]{1,64}(?:@|%40)[\p{L}\p{N}](?:[\p{L}\p{N}-]|\.(?=[\p{L}\p{N}])){0,253}/gu,
    masked,
  ],
];

/** Identifiers and UUIDs, most of what a log line holds, cannot hide anything. */
const harmless = /^(?:[\w-]{0,15}|[a-z_]{0,40}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** The same text without the secrets that their form gives away. */
export function maskText(text: string): string {
  if (harmless.test(text)) return text;
  let result = text.length > maxLength ? cut(text) : text;
  for (const [needs, pattern, replacement] of rules) {
    if (needs.test(result)) result = result.replace(pattern, replacement);
  }
  return result;
}

function cut(text: string): string {
  const start = text.slice(0, maxLength);
  return `${start.slice(0, Math.max(0, start.lastIndexOf(' '), start.lastIndexOf('\n')))} [cut]`;
}
