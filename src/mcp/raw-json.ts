import { randomBytes } from 'node:crypto';

/**
 * Carries finished JSON text through a library that insists on objects.
 *
 * `JSON.parse` and `JSON.stringify` would turn `12.50` into `12.5`, and Node 20 has no `JSON.rawJSON`. So the text travels as
 * an object with one secret key, and `restore`, the last step before the wire, puts the text in its place. No stored value
 * can forge the placeholder: inside a JSON string its quotes would be escaped, and the key never leaves the process.
 */
export function createRawJson() {
  const key = randomBytes(16).toString('hex');
  const placeholder = new RegExp(`\\{"${key}":(\\d+)\\}`, 'g');
  const texts = new Map<number, string>();
  let next = 0;

  return {
    /** An object that stands for `json` until `restore`. The text is kept only once somebody serialises the object. */
    object(json: string): Record<string, unknown> {
      const toJSON = () => {
        next += 1;
        texts.set(next, json);
        return next;
      };
      return { [key]: { toJSON } };
    },
    restore(wire: string): string {
      if (texts.size === 0) return wire;
      return wire.replace(placeholder, (whole, digits: string) => {
        const text = texts.get(Number(digits));
        texts.delete(Number(digits));
        return text === undefined ? whole : onOneLine(text);
      });
    },
  };
}
export type RawJson = ReturnType<typeof createRawJson>;

/** PostgreSQL keeps the line breaks of a `json` value; between tokens they mean nothing, but stdio and SSE frame by lines. */
export function onOneLine(json: string): string {
  return /[\r\n]/.test(json) ? json.replace(/[\r\n]+/g, ' ') : json;
}
