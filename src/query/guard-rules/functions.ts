/**
 * Built-in functions that a caller may name. Each one is of PostgreSQL itself (schema pg_catalog) or of pg_trgm, is not
 * SECURITY DEFINER, is written in C or SQL, changes nothing, reads no setting and no catalogue, and never runs text as SQL;
 * a test compares this list with `pg_proc`. Chapter 9 of the PostgreSQL manual describes them.
 */
const words = (names: string) => names.trim().split(/\s+/);

const mathematics = `abs acos acosd acosh asin asind asinh atan atan2 atan2d atand atanh cbrt ceil ceiling cos cosd cosh cot
  cotd degrees div erf erfc exp factorial floor gamma gcd lcm lgamma ln log log10 min_scale mod pi pow power radians round
  scale sign sin sind sinh sqrt tan tand tanh trim_scale trunc width_bucket to_hex to_bin to_oct bit_count`;

const strings = `ascii bit_length btrim casefold char_length character_length chr concat concat_ws decode encode format initcap
  is_normalized left length like_escape lower lpad ltrim md5 normalize num_nonnulls num_nulls octet_length overlay parse_ident position
  quote_ident quote_literal quote_nullable regexp_count regexp_instr regexp_like regexp_match regexp_matches regexp_replace
  regexp_split_to_array regexp_split_to_table regexp_substr repeat replace reverse right rpad rtrim sha224 sha256 sha384 sha512
  crc32 crc32c similar_to_escape split_part starts_with string_to_array string_to_table strpos substr substring textlen
  to_ascii translate unicode_assigned unistr upper get_bit get_byte set_bit set_byte`;

const dates = `age date_add date_bin date_part date_subtract date_trunc extract isfinite justify_days justify_hours
  justify_interval make_date make_interval make_time make_timestamp make_timestamptz overlaps timezone to_char to_date
  to_number to_timestamp`;

const aggregates = `any_value array_agg avg bit_and bit_or bit_xor bool_and bool_or corr count covar_pop covar_samp every
  json_agg json_agg_strict json_object_agg json_object_agg_strict json_object_agg_unique json_object_agg_unique_strict
  jsonb_agg jsonb_agg_strict jsonb_object_agg jsonb_object_agg_strict jsonb_object_agg_unique jsonb_object_agg_unique_strict
  max min mode percentile_cont percentile_disc range_agg range_intersect_agg regr_avgx regr_avgy regr_count regr_intercept
  regr_r2 regr_slope regr_sxx regr_sxy regr_syy stddev stddev_pop stddev_samp string_agg sum var_pop var_samp variance`;

const windows = 'cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number';

const json = `array_to_json json_array_elements json_array_elements_text json_array_length json_build_array
  json_build_object json_each json_each_text json_extract_path json_extract_path_text json_object json_object_keys
  json_strip_nulls json_to_record json_to_recordset json_typeof jsonb_array_elements jsonb_array_elements_text
  jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text jsonb_extract_path
  jsonb_extract_path_text jsonb_insert jsonb_object jsonb_object_keys jsonb_path_exists jsonb_path_exists_tz jsonb_path_match
  jsonb_path_match_tz jsonb_path_query jsonb_path_query_array jsonb_path_query_array_tz jsonb_path_query_first
  jsonb_path_query_first_tz jsonb_path_query_tz jsonb_pretty jsonb_set jsonb_set_lax jsonb_strip_nulls jsonb_to_record
  jsonb_to_recordset jsonb_typeof row_to_json to_json to_jsonb`;

const arraysAndRanges = `array_append array_cat array_dims array_fill array_length array_lower array_ndims array_position
  array_positions array_prepend array_remove array_replace array_reverse array_sort array_to_string array_upper cardinality
  generate_series generate_subscripts trim_array unnest
  datemultirange daterange int4multirange int4range int8multirange int8range isempty lower_inc lower_inf multirange
  nummultirange numrange range_merge tsmultirange tsrange tstzmultirange tstzrange upper_inc upper_inf
  uuid_extract_timestamp uuid_extract_version`;

const textSearch = `array_to_tsvector json_to_tsvector jsonb_to_tsvector numnode phraseto_tsquery plainto_tsquery querytree
  setweight strip to_tsquery to_tsvector ts_delete ts_filter ts_headline ts_rank ts_rank_cd tsquery_phrase
  tsvector_to_array websearch_to_tsquery`;

const geometry = `area bound_box box center circle diagonal diameter height isclosed ishorizontal isopen isparallel isperp
  isvertical line lseg npoints path pclose point polygon popen radius slope width`;

const addresses = 'abbrev broadcast family host hostmask masklen netmask network set_masklen';

/** Type names that PostgreSQL also lets one call: `date(order_date)`. */
const casts = 'bool bytea date float4 float8 int2 int4 int8 interval numeric text time timestamp timestamptz timetz';

const trigrams = 'show_trgm similarity strict_word_similarity word_similarity';

/** Their answer depends on the clock or on chance. `age` of one argument counts from today and is looked at by itself. */
const volatile = `array_sample array_shuffle clock_timestamp gen_random_uuid now random random_normal statement_timestamp
  timeofday transaction_timestamp uuidv4 uuidv7`;

export const trigramFunctions: ReadonlySet<string> = new Set(words(trigrams));
export const volatileFunctions: ReadonlySet<string> = new Set(words(volatile));
export const allowedFunctions: ReadonlySet<string> = new Set(
  [
    mathematics,
    strings,
    dates,
    aggregates,
    windows,
    json,
    arraysAndRanges,
    textSearch,
    geometry,
    addresses,
    casts,
    trigrams,
    volatile,
  ].flatMap(words),
);

/** Columns of the functions that return more than a nameless value, as their OUT parameters name them. */
export const functionColumns: ReadonlyMap<string, readonly string[]> = new Map([
  ['json_each', ['key', 'value']],
  ['json_each_text', ['key', 'value']],
  ['jsonb_each', ['key', 'value']],
  ['jsonb_each_text', ['key', 'value']],
  ['json_array_elements', ['value']],
  ['json_array_elements_text', ['value']],
  ['jsonb_array_elements', ['value']],
  ['jsonb_array_elements_text', ['value']],
]);

/** What they answer is of the type of an argument, so it may be the row of a table. */
export const rowFunctions: ReadonlySet<string> = new Set(words('any_value mode percentile_disc unnest'));

/** Functions that return text made by themselves, which a cast may turn into a date that depends on the clock. */
export const textFunctions: ReadonlySet<string> = new Set(
  words(`array_to_string btrim casefold chr concat concat_ws encode format initcap json_extract_path_text
    jsonb_extract_path_text left lower lpad ltrim overlay regexp_replace regexp_substr repeat replace reverse right rpad rtrim split_part string_agg substr substring to_char translate unistr upper`),
);

/** Why a well-known function is refused, and what to write instead. Others get a general hint. */
export function hintForFunction(name: string): string {
  if (/_to_xml|^xml|^xpath|^cursor_to/.test(name)) return 'Use json_agg or row_to_json over named columns.';
  if (/^(set_config|current_setting)$/.test(name)) return 'Settings can be neither read nor changed here; leave it out.';
  if (/^(version|current_(user|role|catalog|database|schemas?|query)|session_user|system_user|getpgusername|inet_)/.test(name)) {
    return 'Session information is not served; leave it out.';
  }
  if (/^(nextval|setval|currval|lastval)$/.test(name)) return 'Use row_number() OVER (…) to number rows.';
  if (/^(ts_stat|ts_rewrite)$/.test(name)) return 'Use to_tsvector, plainto_tsquery and ts_rank.';
  if (name === 'setseed') return 'Leave it out: random() works without a seed.';
  if (name === 'pg_typeof') return 'Ask for the schema of the table to learn the types of its columns.';
  return 'Use an ordinary built-in function for mathematics, text, dates, JSON, arrays, aggregates or windows.';
}
