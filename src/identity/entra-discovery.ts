import { z } from 'zod';
import { AppError } from '../core/errors.ts';
import { fetchIssuerDocument, type IssuerDocumentOptions, issuerAddress } from './issuer-document.ts';

export interface EntraOptions extends IssuerDocumentOptions {
  /** The directory's id: a GUID, since it is part of the issuer's name. */
  readonly tenantId: string;
  /** Another one in national clouds, for example `https://login.microsoftonline.us`. */
  readonly authority?: string;
}

export interface EntraIssuer {
  /** What `iss` must be. */
  readonly issuer: string;
  /** Where the keys are, as the discovery document says. For `createJwksKeySource`. */
  keysAddress(): Promise<string>;
}

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const discoveryDocument = z.object({ issuer: z.string(), jwks_uri: z.string() });

/** Microsoft Entra ID, endpoint version 2.0, for the tokens of one directory. Found by OpenID Connect Discovery 1.0. */
export function entraIssuer(options: EntraOptions): EntraIssuer {
  const tenantId = options.tenantId.toLowerCase();
  if (!guid.test(tenantId)) {
    throw new AppError('misconfigured', 'AZURE_TENANT_ID is not the id of one directory', {
      hint: 'Give the directory (tenant) id, a GUID; "common", "organizations" and domain names would trust others too.',
    });
  }
  const authority = issuerAddress(options.authority ?? 'https://login.microsoftonline.com', options).origin;
  const issuer = `${authority}/${tenantId}/v2.0`;
  return {
    issuer,
    async keysAddress() {
      const found = await fetchIssuerDocument(new URL(`${issuer}/.well-known/openid-configuration`), options);
      const parsed = discoveryDocument.safeParse(found);
      if (!parsed.success) throw new Error('the discovery document names no issuer and key set', { cause: parsed.error });
      // Section 4.3: the issuer in the document must be the one that was asked.
      if (parsed.data.issuer !== issuer) throw new Error(`the discovery document is of another issuer: ${parsed.data.issuer}`);
      return parsed.data.jwks_uri;
    },
  };
}
