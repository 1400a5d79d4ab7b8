import type { NamedColumn } from '../query/query-result.ts';

export interface ProductQuestion {
  readonly query: string;
  readonly maxRows: number;
  /** Percent, 0 to 100, on the calibrated score. */
  readonly threshold: number;
  /** Whose account the question is on. */
  readonly requestId?: string;
}

export interface ProductMatches {
  readonly columns: readonly NamedColumn[];
  /** `[[…],[…]]` in column order, best match first. */
  readonly rowsJson: string;
  readonly rowCount: number;
  readonly truncated: boolean;
  /** Names what compared the question with the catalogue. */
  readonly model: string;
  /** True when the usual model was not to be had and something weaker answered. */
  readonly degraded: boolean;
  /** True when nothing in the catalogue answers the question well. */
  readonly lowConfidence: boolean;
  readonly message: string;
}

/** Finds products by what a shopper says. The catalogue is the same for every caller. */
export type SearchProducts = (question: ProductQuestion) => Promise<ProductMatches>;
