import { expect, test } from 'vitest';
import { metadataUrl, resourceIdentifier, resourceMetadata } from '../../src/identity/resource-metadata.ts';

test('the resource is the address of the endpoint', () => {
  expect(resourceIdentifier('https://mcp.example.com')).toBe('https://mcp.example.com/mcp');
});

test.each([
  ['https://mcp.example.com/mcp', 'https://mcp.example.com/.well-known/oauth-protected-resource/mcp'],
  ['http://127.0.0.1:8000/mcp', 'http://127.0.0.1:8000/.well-known/oauth-protected-resource/mcp'],
  ['https://example.com/zava/mcp', 'https://example.com/.well-known/oauth-protected-resource/zava/mcp'],
])('the metadata of %s are at %s', (resource, url) => {
  expect(metadataUrl(resource)).toBe(url);
});

test('the document says who issues tokens, for what, and how they are sent', () => {
  const resource = 'https://mcp.example.com/mcp';
  const document = resourceMetadata({
    resource,
    name: 'Sales',
    authorizationServers: ['https://login.example.com'],
    scopes: ['catalog:read', 'sales:read'],
  });
  expect(document).toEqual({
    resource,
    resource_name: 'Sales',
    authorization_servers: ['https://login.example.com'],
    scopes_supported: ['catalog:read', 'sales:read'],
    bearer_methods_supported: ['header'],
  });
  const sparse = resourceMetadata({ resource, name: 'Sales', authorizationServers: [], scopes: [] });
  expect(Object.keys(sparse)).toEqual(['resource', 'resource_name', 'bearer_methods_supported']);
});
