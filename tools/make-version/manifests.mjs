/** Beside package.json, which npm writes: what registries and desktop hosts read. */
export const manifestsOfTheVersion = ['server.json', 'packaging/manifest.json'];

/**
 * The text of a manifest with another version; everything else stays, its layout too.
 *
 * @param {string} text
 * @param {string} current
 * @param {string} version
 */
export function withVersion(text, current, version) {
  return text.replaceAll(`"version": "${current}"`, () => `"version": "${version}"`);
}
