/**
 * Puts a new revision in the place of the running one, and the running one back where the new one fails: before it gets any
 * traffic where its own address already fails, and afterwards where the public one does. Migrations only add (docs/how-to/release.md),
 * so the previous revision serves the migrated database.
 *
 * `platform` is where revisions run: { current(), migrate(), start(), urlOf(revision), publicUrl, route(revision), stop(revision) }.
 * `smoke(url)` throws where what is served there is broken. Returns { kept, reason }: the revision that serves now, and why it is the old one.
 */
export async function replaceRevision({ platform, smoke, say }) {
  const previous = await platform.current();
  say(`serving: ${previous ?? 'nothing yet'}`);
  // Else the platform would send the traffic to whatever starts last.
  if (previous !== undefined) await platform.route(previous);
  await platform.migrate();
  const next = await platform.start();
  say(`started: ${next}, without traffic`);
  try {
    await smoke(await platform.urlOf(next));
    await platform.route(next);
    say(`routed to ${next}`);
    await smoke(platform.publicUrl);
  } catch (error) {
    return goBack({ platform, previous, next, error, say });
  }
  if (previous !== undefined && previous !== next) await platform.stop(previous);
  return { kept: next, reason: undefined };
}

async function goBack({ platform, previous, next, error, say }) {
  say(`${next} is broken: ${error.message}`);
  if (previous === undefined) return { kept: next, reason: `${error.message}; there is no previous revision to go back to` };
  // Also where traffic never moved: whatever state a failed call left, this is the one wanted.
  await platform.route(previous);
  say(`routed back to ${previous}`);
  await platform.stop(next).catch((stopping) => say(`${next} could not be stopped: ${stopping.message}`));
  return { kept: previous, reason: error.message };
}
