import { readFile } from 'node:fs/promises';
import { packageRoot } from '../../core/package-root.ts';

/** MCP Apps (https://modelcontextprotocol.io/extensions/apps): an HTML page that a host shows in a sandboxed frame. */
export const appMimeType = 'text/html;profile=mcp-app';

/** Ties a tool to a page: the tool opens it, or the page alone may call the tool, which hosts then keep from the model. */
export type ToolPage = { readonly resourceUri: string } | { readonly visibility: readonly ['app'] };

/** `npm run build` puts the pages there. */
const pages = new URL('dist/apps/', packageRoot);

/** Reads a page that was built, once and not before somebody asks for it. */
export function builtPage(name: string): () => Promise<string> {
  let reading: Promise<string> | undefined;
  return () => {
    reading ??= readFile(new URL(name, pages), 'utf8').catch((error: unknown) => {
      reading = undefined;
      throw error;
    });
    return reading;
  };
}
