const words = (names: string) => names.split(/\s+/);

/** Types a caller may cast to, by PostgreSQL's own names (`pg_type.typname`). No reg* type, no row type, no user type. */
export const allowedTypes: ReadonlySet<string> = new Set(
  words(`bool int2 int4 int8 float4 float8 numeric money text varchar bpchar bytea bit varbit uuid json jsonb jsonpath
    date time timetz timestamp timestamptz interval tsvector tsquery
    int4range int8range numrange daterange tsrange tstzrange
    int4multirange int8multirange nummultirange datemultirange tsmultirange tstzmultirange
    inet cidr macaddr macaddr8 point line lseg box path polygon circle
    _bool _int2 _int4 _int8 _float4 _float8 _numeric _text _varchar _bpchar _uuid _json _jsonb _date _timestamp _timestamptz
    _interval`),
);

/** Types whose text form may say "now", "today", "tomorrow" or "yesterday". */
export const clockTypes: ReadonlySet<string> = new Set(words('date time timetz timestamp timestamptz'));

/** Types that pad their value to the length in brackets. */
export const paddedTypes: ReadonlySet<string> = new Set(words('bpchar bit varbit'));

/** Every operator symbol of PostgreSQL's own types and of pg_trgm; a test compares them with `pg_operator`. */
export const allowedOperators: ReadonlySet<string> = new Set(
  words(`+ - * / % ^ |/ ||/ @ & | # ~ << >>
    = <> < > <= >= || ~~ !~~ ~~* !~~* ~* !~ !~* ^@ ~<~ ~<=~ ~>=~ ~>~
    -> ->> #> #>> #- @> <@ ? ?| ?& @? @@ && -|- &< &> >>= <<= !!
    *= *<> *< *> *<= *>=
    ## <-> <<| |>> &<| |&> <^ >^ ?# ?- ?-| ?|| @-@ @@@ ~=
    %> %>> <% <<% <->> <->>> <<-> <<<->`),
);

export const allowedCollations: ReadonlySet<string> = new Set(
  words(
    'default C POSIX ucs_basic unicode pg_c_utf8 pg_unicode_fast und-x-icu en-x-icu en-US-x-icu C.utf8 C.UTF-8 en_US en_US.utf8',
  ),
);

/** The name that callers know a type by, for messages. */
export function spokenType(name: string): string {
  const spoken: Record<string, string> = { bpchar: 'char', varbit: 'bit varying' };
  return spoken[name] ?? name;
}
