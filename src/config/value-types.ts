/** How the text of an environment variable becomes a value. */
export interface ValueType<T> {
  /** Completes the sentence "PORT must be …". */
  readonly expects: string;
  /** Gets trimmed, non-empty text without surrounding quotes; undefined means the text is not such a value. */
  parse(text: string): T | undefined;
}

export const text: ValueType<string> = { expects: 'text', parse: (value) => value };

export const uuid: ValueType<string> = {
  expects: 'an identifier like 3f2504e0-4f89-41d3-9a0c-0305e82c3301',
  parse: (value) => (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value) ? value.toLowerCase() : undefined),
};

export function integer(least: number, most: number): ValueType<number> {
  return {
    expects: `a whole number from ${least} to ${most}`,
    parse: (value) => within(/^\d{1,15}$/, value, least, most),
  };
}

export function decimal(least: number, most: number): ValueType<number> {
  return {
    expects: `a number from ${least} to ${most}`,
    parse: (value) => within(/^\d{1,12}(\.\d{1,6})?$/, value, least, most),
  };
}

function within(shape: RegExp, value: string, least: number, most: number): number | undefined {
  const number = shape.test(value) ? Number(value) : Number.NaN;
  return number >= least && number <= most ? number : undefined;
}

export const flag: ValueType<boolean> = {
  expects: 'true or false',
  parse: (value) => {
    if (/^(true|1|yes|on)$/i.test(value)) return true;
    return /^(false|0|no|off)$/i.test(value) ? false : undefined;
  },
};

export function oneOf<const T extends string>(...choices: readonly T[]): ValueType<T> {
  return {
    expects: `one of ${choices.join(', ')}`,
    parse: (value) => choices.find((choice) => choice === value.toLowerCase()),
  };
}

/** Comma-separated; blank members are dropped. */
export function listOf<T>(member: ValueType<T>): ValueType<readonly T[]> {
  return {
    expects: `a comma-separated list, each member ${member.expects}`,
    parse: (value) => {
      const members = value
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '')
        .map((part) => member.parse(part));
      return members.length === 0 || members.includes(undefined) ? undefined : (members as T[]);
    },
  };
}

function url(schemes: readonly string[], expects: string): ValueType<string> {
  return {
    expects,
    parse: (value) => {
      const parsed = URL.canParse(value) ? new URL(value) : undefined;
      return parsed !== undefined && schemes.includes(parsed.protocol) ? value : undefined;
    },
  };
}

export const webUrl = url(['http:', 'https:'], 'a URL that starts with https:// or http://');
export const postgresUrl = url(['postgres:', 'postgresql:'], 'a URL like postgresql://login:password@host:5432/database');
export const redisUrl = url(['redis:', 'rediss:'], 'a URL like redis://host:6379 or rediss://host:6380');

/** The address that tokens and metadata are built from, without a slash at its end. */
export const baseUrl: ValueType<string> = {
  expects: 'a URL like https://mcp.example.com, without query or fragment',
  parse: (value) => (/[?#]/.test(value) ? undefined : webUrl.parse(value)?.replace(/\/+$/, '')),
};

/** An origin as browsers send it (RFC 6454, section 6.2). */
export const origin: ValueType<string> = {
  expects: 'an origin like https://app.example.com, never * (with ENABLE_CORS it would open the server to every web page)',
  parse: (value) => {
    const url = webUrl.parse(value);
    return url !== undefined && new URL(url).origin === value.toLowerCase() ? value.toLowerCase() : undefined;
  },
};

/** An unquoted PostgreSQL identifier; 40 characters leave room for the suffixes of role names within PostgreSQL's 63. */
export const identifier: ValueType<string> = {
  expects: 'a name of at most 40 small letters, digits and underscores that starts with a letter',
  parse: (value) => (/^[a-z][a-z0-9_]{0,39}$/.test(value) ? value : undefined),
};

/** Of a container app, as the portal and `az containerapp show --query id` tell it. */
export const resourceId: ValueType<string> = {
  expects: 'an id like /subscriptions/…/resourceGroups/…/providers/Microsoft.App/containerApps/<name>',
  parse: (value) =>
    /^\/subscriptions\/[\w-]+\/resourceGroups\/[\w.()-]+\/providers\/Microsoft\.App\/containerApps\/[a-z0-9-]+$/i.test(value)
      ? value
      : undefined,
};
