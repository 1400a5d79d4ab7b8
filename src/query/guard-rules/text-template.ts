import { type CutStatement, type FreeConstant, isPlain } from './literals.ts';

/** A text of the guard's, cut where literals of the caller's or ids of tenants belong. */
export interface TextTemplate {
  readonly pieces: readonly string[];
  /** What stands after each piece but the last: the literal of that number, or the tenants. */
  readonly holes: readonly (number | 'tenants')[];
  /** The caller's literals: those that must be the very same, and undefined for those that may differ. */
  readonly fixed: readonly (string | undefined)[] | undefined;
}

export interface TemplateMarks {
  readonly cut: CutStatement | undefined;
  readonly free: readonly FreeConstant[];
  /** How each free constant is written in the text. */
  readonly marks: readonly string[];
  /** How often the tenants are named. */
  readonly added: number;
  /** How they are. */
  readonly placeholder: number;
}

/** Undefined where a mark is not found exactly as often as it was put. */
export function templateOf(text: string, { cut, free, marks, added, placeholder }: TemplateMarks): TextTemplate | undefined {
  const holeOf = new Map<string, number | 'tenants'>(marks.map((mark, index) => [mark, free[index]?.literal ?? -1]));
  if (added > 0) holeOf.set(String(placeholder), 'tenants');
  const pieces: string[] = [];
  const holes: (number | 'tenants')[] = [];
  let from = 0;
  for (const { 0: mark, index } of text.matchAll(/'literal \d+ of a statement'|\b\d{10}\b/g)) {
    const hole = holeOf.get(mark);
    if (hole === undefined) continue;
    pieces.push(text.slice(from, index));
    holes.push(hole);
    from = index + mark.length;
  }
  pieces.push(text.slice(from));
  const tenants = holes.filter((hole) => hole === 'tenants').length;
  const literals = new Set(holes.filter((hole) => hole !== 'tenants'));
  if (tenants !== added || holes.length !== added + marks.length || literals.size !== marks.length) return undefined;
  return { pieces, holes, fixed: cut?.literals.map(({ text: literal }, index) => (literals.has(index) ? undefined : literal)) };
}

/** Whether a statement with the same frame is the same but for literals that may differ. */
export function fits({ fixed }: TextTemplate, cut: CutStatement | undefined): boolean {
  if (fixed === undefined || cut === undefined) return fixed === undefined && cut === undefined;
  return fixed.every((literal, index) => {
    const text = cut.literals[index]?.text ?? '';
    return literal === undefined ? isPlain(text) : literal === text;
  });
}

export function fill({ pieces, holes }: TextTemplate, cut: CutStatement | undefined, tenants: readonly number[]): string {
  let text = pieces[0] ?? '';
  for (const [index, hole] of holes.entries()) {
    text += hole === 'tenants' ? tenants.join(', ') : (cut?.literals[hole]?.text ?? '');
    text += pieces[index + 1] ?? '';
  }
  return text;
}
