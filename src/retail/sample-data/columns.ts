/** The value of a key that must exist: a wrong index is a fault, never a made-up value. */
export function at<Value>(column: { readonly [index: number]: Value }, index: number): Value;
export function at<Value>(row: { readonly [name: string]: Value }, name: string): Value;
export function at<Value>(values: { readonly [key: string | number]: Value }, key: string | number): Value {
  const value = values[key];
  if (value === undefined) throw new RangeError(`no value at ${key}`);
  return value;
}
