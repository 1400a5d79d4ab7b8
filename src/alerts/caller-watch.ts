import type { Clock } from '../core/clock.ts';
import type { Note } from '../core/observation.ts';
import { addressKey } from '../identity/client-address.ts';
import type { Facts } from './readings.ts';
import { createCountingWindow, createDistinctWindow, type Figure } from './sliding-windows.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** A subject is what an issuer says, and may be of any length. */
const longestName = 200;

/**
 * What single callers do, for rules that no metric could serve: who somebody is never becomes a label. Of this process, in
 * bounded memory; where several share the work, each sees its part.
 */
export function createCallerWatch({ clock }: { readonly clock: Pick<Clock, 'monotonic'> }) {
  const failures = createCountingWindow({ clock, windowMs: 5 * minuteMs });
  const queries = createCountingWindow({ clock, windowMs: hourMs });
  const addresses = createDistinctWindow({ clock, windowMs: hourMs });
  const refusedTenants = createDistinctWindow({ clock, windowMs: hourMs });

  const note: Note = (observation) => {
    switch (observation.kind) {
      case 'tool_called':
        if (observation.outcome !== 'refused') queries.add(named(observation.subject));
        return;
      case 'caller_recognised':
        addresses.add(named(observation.subject), addressKey(observation.peer));
        return;
      case 'access_refused': {
        const { code, subject, peer, tenantKey } = observation;
        if (code === 'unauthenticated') failed(subject, peer);
        if (subject !== undefined && tenantKey !== undefined) refusedTenants.add(named(subject), tenantKey);
        return;
      }
      case 'request_refused':
        if (observation.code === 'unauthenticated' && !observation.noted) failed(observation.subject, observation.peer);
        return;
      default:
        return;
    }
  };
  const failed = (subject: string | undefined, peer: string | undefined) => {
    if (subject !== undefined) failures.add(`subject ${named(subject)}`);
    else if (peer !== undefined) failures.add(`address ${addressKey(peer)}`);
  };
  const facts: Facts = (name) => {
    switch (name) {
      case 'failures_of_one_caller':
        return failures.worst().map(({ key, value }) => ({ labels: { caller: key }, value }));
      case 'addresses_of_one_subject':
        return bySubject(addresses.worst());
      case 'refused_tenants_of_one_subject':
        return bySubject(refusedTenants.worst());
      case 'queries_of_one_subject':
        return bySubject(queries.worst());
      default:
        return undefined;
    }
  };
  return { note, facts };
}
export type CallerWatch = ReturnType<typeof createCallerWatch>;

const named = (subject: string): string => subject.slice(0, longestName);
const bySubject = (figures: readonly Figure[]) => figures.map(({ key, value }) => ({ labels: { subject: key }, value }));
