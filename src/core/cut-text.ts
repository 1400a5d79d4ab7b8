/** The beginning of a text that somebody else wrote, as a text of its own: a slice would keep all of the long one in memory. */
export function cutText(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : Buffer.from(text.slice(0, maxLength)).toString();
}
