/** A text as a literal of PostgreSQL, whatever `standard_conforming_strings` says. */
export function quoteLiteral(text: string): string {
  return `${text.includes('\\') ? 'E' : ''}'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
