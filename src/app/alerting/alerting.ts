import { hostname } from 'node:os';
import { type AlertManagerOptions, createAlertManager } from '../../alerts/alert-manager.ts';
import type { AlertChannel } from '../../alerts/channels/channel.ts';
import { createEmailChannel } from '../../alerts/channels/email-channel.ts';
import { createLogChannel } from '../../alerts/channels/log-channel.ts';
import { createSlackChannel } from '../../alerts/channels/slack-channel.ts';
import { createTeamsChannel } from '../../alerts/channels/teams-channel.ts';
import { createWebhookChannel } from '../../alerts/channels/webhook-channel.ts';
import { createClaims } from '../../alerts/claims.ts';
import { createDatabaseClaims } from '../../alerts/database-claims.ts';
import { createHeartbeats, type Heartbeats } from '../../alerts/heartbeats.ts';
import { type AlertPace, pacedRules, silentMs, usualPace } from '../../alerts/pace.ts';
import type { Readings } from '../../alerts/readings.ts';
import { createRedisClaims } from '../../alerts/redis-claims.ts';
import { alertRules } from '../../alerts/rules.ts';
import { defaultLimits } from '../../alerts/state-machine.ts';
import { isLoopback } from '../../config/loopback.ts';
import type { Config } from '../../config/schema.ts';
import type { Clock } from '../../core/clock.ts';
import type { Note } from '../../core/observation.ts';
import type { Database } from '../../postgres/database.ts';
import type { RedisConnection } from '../../resilience/redis-connection.ts';
import type { AlertFacts } from './alert-facts.ts';

/** The log always, and what is configured. */
export function alertChannels(config: Config, note: Note): AlertChannel[] {
  const { alertWebhookUrl, slackWebhookUrl, teamsWebhookUrl } = config;
  const email = emailOptions(config);
  return [
    createLogChannel({ note }),
    ...(alertWebhookUrl === undefined ? [] : [createWebhookChannel({ url: alertWebhookUrl })]),
    ...(slackWebhookUrl === undefined ? [] : [createSlackChannel({ url: slackWebhookUrl })]),
    ...(teamsWebhookUrl === undefined ? [] : [createTeamsChannel({ url: teamsWebhookUrl })]),
    ...(email === undefined ? [] : [createEmailChannel(email)]),
  ];
}

function emailOptions(config: Config): Parameters<typeof createEmailChannel>[0] | undefined {
  const { smtpServer: host, smtpPort: port, alertFromEmail: from, alertToEmails: to, smtpUsername, smtpPassword } = config;
  if (host === undefined || from === undefined || to === undefined) return undefined;
  const login = smtpUsername === undefined ? undefined : { user: smtpUsername, password: smtpPassword ?? '' };
  return { host, port, login, from, to, requireTls: !isLoopback(host) };
}

/** In notices: which of several servers saw it. */
export const serverName = (config: Pick<Config, 'postgresApplicationName'>): string =>
  `${config.postgresApplicationName} on ${hostname()}`;

export interface AlertingOptions {
  readonly config: Config;
  readonly database: Pick<Database, 'query'>;
  readonly readings: Readings;
  readonly facts: AlertFacts;
  readonly clock: Clock;
  readonly note: Note;
  /** A proof has found that a tenant might see rows of another: whoever serves must end. Called once the alert is on its way. */
  readonly onIsolationBroken: () => void;
  /** Where who tells is settled while the database does not answer. */
  readonly redis?: Pick<RedisConnection, 'client'> | undefined;
  /** Signed off at the end. */
  readonly heartbeats?: Pick<Heartbeats, 'close'> | undefined;
  readonly pace?: AlertPace | undefined;
}

/** This process among all that share the database. */
const thisServer = () => `${hostname()}/${process.pid}`;

/** Absent on the embedded database: that is one process's own. */
export function heartbeatsOn(
  database: Database,
  { clock, pace = usualPace }: { readonly clock: Clock; readonly pace?: AlertPace | undefined },
): Heartbeats | undefined {
  if (database.kind === 'embedded') return undefined;
  const begun = Math.round(clock.now() - clock.monotonic());
  return createHeartbeats({ database, server: `${thisServer()}/${begun}`, silentMs: silentMs(pace), clock });
}

function claimsOn({ config, database, redis, pace = usualPace }: AlertingOptions) {
  const shared = { holder: thisServer(), cooldownMs: defaultLimits.cooldownMs, silentMs: silentMs(pace) };
  const prefix = `${config.postgresRolePrefix}:`;
  return createClaims({
    places: [
      createDatabaseClaims({ database, ...shared }),
      ...(redis === undefined ? [] : [createRedisClaims({ redis: redis.client, prefix, ...shared })]),
    ],
  });
}

/** Evaluates the rules for as long as the process serves. Its timer keeps no process alive. */
export function startAlerting(alerting: AlertingOptions) {
  const { config, readings, facts, clock, note, onIsolationBroken, heartbeats, pace = usualPace } = alerting;
  const options: AlertManagerOptions = {
    rules: pacedRules(alertRules({ monthlyBudget: config.monthlyBudget }), pace),
    readings,
    facts: facts.facts,
    channels: alertChannels(config, note),
    claims: claimsOn(alerting),
    clock,
    note,
    server: serverName(config),
  };
  const manager = createAlertManager(options);
  let running: Promise<void> | undefined;
  const evaluate = async () => {
    await facts.look();
    await manager.evaluate();
    if (facts.facts('isolation_broken')?.some(({ value }) => value > 0)) onIsolationBroken();
  };
  const turn = () => {
    running ??= evaluate()
      .catch((error) => note({ kind: 'fault_met', where: 'alerts', error }))
      .finally(() => {
        running = undefined;
      });
    return running;
  };
  const timer = setInterval(turn, pace.everyMs).unref();
  turn();
  return {
    /** For the page of operators. */
    view: () => ({ rules: manager.status(), events: manager.events() }),
    /** Now rather than at the next turn. */
    evaluate: turn,
    async close(): Promise<void> {
      clearInterval(timer);
      facts.close();
      await running;
      await heartbeats?.close();
      await manager.close();
    },
  };
}
export type Alerting = ReturnType<typeof startAlerting>;
