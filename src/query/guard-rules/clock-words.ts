/**
 * Texts that mean another moment with every call; digits may follow at once, as in `'today05:00'`:
 * https://www.postgresql.org/docs/17/datatype-datetime.html#DATATYPE-DATETIME-SPECIAL-VALUES
 */
export const clockWord = /(?<![a-z])(?:now|today|tomorrow|yesterday)(?![a-z])/i;
