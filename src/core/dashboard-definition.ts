/** How a figure is written: `money` in the dashboard's currency, `percent` of 100. */
export type FigureFormat = 'money' | 'count' | 'percent';

/** A certified metric and the words a person reads for it. */
export interface DashboardFigure {
  /** Name of a metric of the metrics definition. A caller who may not read it is not shown it. */
  readonly metric: string;
  readonly label: string;
  readonly format: FigureFormat;
}

/** The best groups of one dimension. */
export interface DashboardPanel {
  readonly title: string;
  readonly dimension: string;
  /** The first one ranks the groups and is drawn. */
  readonly figures: readonly [DashboardFigure, ...DashboardFigure[]];
  readonly limit: number;
}

/** What a dashboard of the served schema shows: words and choices, no figures and no SQL. */
export interface DashboardDefinition {
  readonly title: string;
  /** ISO 4217. */
  readonly currency: string;
  readonly compareTo: 'previous' | 'same_last_year';
  /** What a person calls the compared period, for example `year before`. */
  readonly compared: string;
  /** What a person calls several tenants. */
  readonly tenants: string;
  readonly tiles: readonly [DashboardFigure, ...DashboardFigure[]];
  readonly trend: { readonly title: string; readonly figure: DashboardFigure };
  readonly panels: readonly DashboardPanel[];
  /** Dimensions that a person may narrow the figures by. */
  readonly filters: readonly { readonly dimension: string; readonly label: string }[];
}
