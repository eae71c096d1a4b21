/**
 * The parts of Grafana's published types that the dashboard has. An enum stands for its values, since JSON has these.
 * Prometheus's part is not among them, and is written down here.
 */
import type { Dashboard, Panel, RowPanel, VariableModel } from '@grafana/schema';
import type * as stat from '@grafana/schema/dist/types/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen.js';
import type * as table from '@grafana/schema/dist/types/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen.js';
import type * as graph from '@grafana/schema/dist/types/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen.js';

type Json<Type> = Type extends string
  ? `${Type}`
  : Type extends object
    ? { [Key in keyof Type]: Json<Type[Key]> }
    : Type;

interface Datasource {
  readonly type: 'prometheus';
  readonly uid: '${datasource}';
}

/** A query as Grafana's data source for Prometheus stores it. */
export interface Target {
  readonly refId: string;
  readonly datasource: Datasource;
  readonly expr: string;
  readonly legendFormat: string;
  readonly editorMode: 'code';
  readonly instant: boolean;
  readonly range: boolean;
  readonly format?: 'table';
}

interface TypedPanel<Type extends string, Options, Custom> extends Omit<
  Json<Panel>,
  'type' | 'options' | 'fieldConfig' | 'targets' | 'datasource'
> {
  readonly type: Type;
  readonly id: number;
  readonly title: string;
  readonly description: string;
  readonly datasource: Datasource;
  readonly gridPos: { x: number; y: number; w: number; h: number };
  readonly targets: Target[];
  readonly options: Json<Options>;
  readonly fieldConfig: {
    readonly defaults: Omit<Json<NonNullable<Panel['fieldConfig']>['defaults']>, 'custom'> & {
      readonly custom?: Json<Custom>;
    };
    readonly overrides: Json<NonNullable<Panel['fieldConfig']>['overrides']>;
  };
}

/** The panels with queries, by what tells them apart. */
export type QueryPanel =
  | TypedPanel<'stat', stat.Options, Record<string, never>>
  | TypedPanel<'timeseries', graph.Options, graph.FieldConfig>
  | TypedPanel<'table', table.Options, table.FieldConfig>;

export interface Row extends Omit<Json<RowPanel>, 'panels'> {
  readonly title: string;
  readonly gridPos: { x: number; y: number; w: number; h: number };
  readonly panels: [];
}

interface Variable extends Omit<Json<VariableModel>, 'datasource' | 'query'> {
  readonly label: string;
  readonly query: string;
  readonly datasource?: Datasource;
}

interface Annotations {
  readonly name: string;
  readonly datasource: Datasource;
  readonly enable: boolean;
  readonly iconColor: string;
  readonly titleFormat: string;
  readonly target: { readonly refId: string; readonly expr: string; readonly interval: string };
}

/** The dashboard as its file has it. */
export interface DashboardFile extends Omit<Json<Dashboard>, 'panels' | 'templating' | 'annotations'> {
  readonly uid: string;
  readonly panels: (QueryPanel | Row)[];
  readonly templating: { readonly list: Variable[] };
  readonly annotations: { readonly list: Annotations[] };
}
