const heading = '## Unreleased';
const form = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/;

/**
 * What stands in the way of a release, one line each.
 *
 * @param {{ version: string, current: string, changelog: string, branch: string, dirty: boolean, tags: readonly string[] }} state
 * @returns {string[]}
 */
export function releaseFaults({ version, current, changelog, branch, dirty, tags }) {
  return [
    ...(form.test(version) ? [] : [`${version || 'nothing'} is no version: npm run make-version -- 1.2.0`]),
    ...(form.test(version) && isBefore(version, current) ? [`${version} is before ${current}`] : []),
    ...(branch === 'main' ? [] : [`releases are made on main, not on ${branch}`]),
    ...(dirty ? ['commit or put away what is changed'] : []),
    ...(tags.includes(`v${version}`) ? [`v${version} was released before`] : []),
    ...(unreleased(changelog).includes('\n- ') ? [] : ['CHANGELOG.md has nothing under "Unreleased"']),
  ];
}

/**
 * @param {string} changelog
 * @param {string} version
 * @param {string} date YYYY-MM-DD
 */
export function releasedChangelog(changelog, version, date) {
  return changelog.replace(heading, () => `${heading}\n\n## ${version} - ${date}`);
}

function unreleased(changelog) {
  const start = changelog.indexOf(heading);
  if (start < 0) return '';
  const end = changelog.indexOf('\n## ', start + heading.length);
  return changelog.slice(start, end < 0 ? undefined : end);
}

function isBefore(version, current) {
  const numbers = (text) => text.split('-')[0].split('.').map(Number);
  const [a, b] = [numbers(version), numbers(current)];
  for (let index = 0; index < 3; index += 1) if (a[index] !== b[index]) return a[index] < b[index];
  return false;
}
