/** Fields that only say where in the text a node stood. */
const places = new Set(['location', 'name_location', 'list_start', 'list_end', 'rexpr_list_start', 'rexpr_list_end']);

/** True when two parse trees mean the same: every field equal, places in the text left out. */
export function sameTree(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, index) => sameTree(item, b[index]));
  if (Array.isArray(b)) return false;
  return covers(a, b, true) && covers(b, a, false);
}

/** Every field of `a` is in `b`; with `deep`, with the same content. */
function covers(a: object, b: object, deep: boolean): boolean {
  for (const field in a) {
    if (places.has(field)) continue;
    if (!Object.hasOwn(b, field)) return false;
    if (deep && !sameTree(a[field as keyof typeof a], b[field as keyof typeof b])) return false;
  }
  return true;
}
