import { createHash } from 'node:crypto';

/**
 * Content-Security-Policy of one page: its own inline style and script by their digests, requests to its own origin, and nothing else.
 * https://www.w3.org/TR/CSP3/#framework-directive-source-list
 */
export function pagePolicy(html: string): string {
  const digests = (element: string) =>
    [...html.matchAll(new RegExp(`<${element}[^>]*>([\\s\\S]*?)</${element}>`, 'g'))]
      .map(([, text = '']) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`)
      .join(' ');
  return [
    "default-src 'none'",
    `script-src ${digests('script')}`,
    `style-src ${digests('style')}`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
