import { AppError } from '../../core/errors.ts';
import type { PromptArgument, PromptTemplate, Suggestion } from '../../core/wording.ts';
import { notFound } from '../protocol-error.ts';

export function createPromptCatalog(templates: readonly PromptTemplate[]) {
  const listed = templates.map(({ name, title, description, arguments: args }) => ({
    name,
    title,
    description,
    ...(args.length === 0 ? {} : { arguments: args.map(listedArgument) }),
  }));
  const find = (name: string): PromptTemplate => {
    const template = templates.find((candidate) => candidate.name === name);
    if (template === undefined) throw notFound('prompt', name, `Prompts: ${templates.map((known) => known.name).join(', ')}`);
    return template;
  };

  return {
    list: () => listed,
    get(name: string, given: Readonly<Record<string, string>>) {
      const template = find(name);
      return {
        description: template.description,
        messages: [{ role: 'user' as const, content: { type: 'text' as const, text: filled(template, given) } }],
      };
    },
    /** What may stand for an argument, for completion. Empty when nothing is known. */
    suggestions(name: string, argument: string): readonly Suggestion[] {
      const known = templates.find((candidate) => candidate.name === name);
      return known?.arguments.find((candidate) => candidate.name === argument)?.suggestions ?? [];
    },
  };
}
export type PromptCatalog = ReturnType<typeof createPromptCatalog>;

const listedArgument = ({ name, description, fallback }: PromptArgument) => ({
  name,
  description,
  required: fallback === undefined,
});

function filled(template: PromptTemplate, given: Readonly<Record<string, string>>): string {
  return template.text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const argument = template.arguments.find((candidate) => candidate.name === name);
    if (argument === undefined) return whole;
    const value = given[name]?.trim() || argument.fallback;
    if (value === undefined) {
      throw new AppError('invalid_input', `${name}: the prompt ${template.name} needs it`, { hint: argument.description });
    }
    return value;
  });
}
