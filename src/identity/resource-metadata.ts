const wellKnown = '/.well-known/oauth-protected-resource';

/** The server's resource identifier (RFC 8707): an audience that is always accepted, and what clients ask tokens for. */
export function resourceIdentifier(publicUrl: string): string {
  return `${publicUrl}/mcp`;
}

/** Where the metadata of a resource is served: the well-known part stands before the resource's path (RFC 9728, section 3.1). */
export function metadataUrl(resource: string): string {
  const { origin, pathname } = new URL(resource);
  return `${origin}${wellKnown}${pathname}`;
}

export interface ResourceMetadataOptions {
  readonly resource: string;
  readonly name: string;
  readonly authorizationServers: readonly string[];
  readonly scopes: readonly string[];
}

/** The protected-resource metadata document (RFC 9728, section 2). Empty lists are left out, as section 3.2 demands. */
export function resourceMetadata({ resource, name, authorizationServers, scopes }: ResourceMetadataOptions) {
  return {
    resource,
    resource_name: name,
    ...(authorizationServers.length === 0 ? {} : { authorization_servers: authorizationServers }),
    ...(scopes.length === 0 ? {} : { scopes_supported: scopes }),
    bearer_methods_supported: ['header'],
  };
}
