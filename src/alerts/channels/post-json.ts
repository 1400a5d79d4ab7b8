/** Whether the receiver took it is all that is known of its answer: a body could quote the address, which is the permission to post. */
export async function postJson(channel: string, url: string, body: unknown, signal: AbortSignal): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    // Where a receiver sends us on, nobody has set.
    redirect: 'manual',
    signal,
  }).catch((error: Error & { cause?: { code?: unknown } }) => {
    const code = error.cause?.code;
    throw new Error(`${channel} cannot be reached (${typeof code === 'string' ? code : error.name})`);
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`${channel} answered ${response.status}`);
}
