/** What a model and a person read about the served schema. The server supplies the mechanics, the schema its words. */
export interface Wording {
  /** Appended to the server's general instructions. */
  readonly instructions: string;
  readonly toolTexts: Readonly<Record<string, ToolText>>;
  readonly prompts: readonly PromptTemplate[];
  readonly resources: ResourceWording;
}

export interface ToolText {
  readonly title: string;
  readonly description: string;
  /** What each argument means, by its name. */
  readonly arguments: Readonly<Record<string, string>>;
}

export interface PromptArgument {
  readonly name: string;
  readonly description: string;
  /** Used when the caller gives none. Without one the argument is required. */
  readonly fallback?: string;
  /** Offered while the user types, in this order. */
  readonly suggestions?: readonly Suggestion[];
}

/** A text, or where texts come from: the caller's tenants, a set of valid values, or the calendar of the years in such a set. */
export type Suggestion =
  | string
  | { readonly from: 'tenants' }
  | { readonly from: 'values'; readonly of: ValueSet }
  | { readonly from: 'periods'; readonly years: ValueSet };

/** Valid values of a relation, by their label. */
export interface ValueSet {
  readonly relation: string;
  readonly label: string;
}

export interface PromptTemplate {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly arguments: readonly PromptArgument[];
  /** `{name}` stands for the argument of that name. */
  readonly text: string;
}

export interface ResourceWording {
  /** URI scheme, for example `zava` in `zava://calendar`. */
  readonly scheme: string;
  /** Path of the resource that lists the tenants in scope, for example `stores`. */
  readonly tenants: string;
  /** Property names of one listed tenant and its group. */
  readonly tenantLabel: string;
  readonly groupLabel: string;
}
