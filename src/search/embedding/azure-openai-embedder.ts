import type { AzureOpenAI } from 'openai';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Note } from '../../core/observation.ts';
import { createBreaker } from '../../resilience/breaker.ts';
import { createResilientCall } from '../../resilience/resilient-call.ts';
import type { Embedder } from './embedder.ts';
import { createMinuteBudget } from './minute-budget.ts';

export interface AzureOpenAIEmbedderOptions {
  readonly endpoint: string;
  readonly deployment: string;
  readonly apiVersion: string;
  /** A key, or what gets a token of the server's identity (`https://cognitiveservices.azure.com/.default`). */
  readonly credential: { readonly apiKey: string } | { readonly token: () => Promise<string> };
  readonly clock: Clock;
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
  /** One attempt. */
  readonly attemptTimeoutMs?: number;
  readonly note?: Note;
  /** How long a service that failed five times is left alone. */
  readonly restMs?: number;
}

const dimensions = 1536;
const mostTexts = 100;
/** 8,000 tokens at the most: no token is shorter than a byte. */
const mostBytes = 8000;
const indexingTimeoutMs = 120_000;

/**
 * text-embedding-3-small in Azure OpenAI, behind a deadline, retries with Retry-After, a breaker and the service's own quotas.
 * https://learn.microsoft.com/azure/ai-services/openai/reference#embeddings
 */
export function createAzureOpenAIEmbedder(options: AzureOpenAIEmbedderOptions): Embedder {
  const { deployment, clock, requestsPerMinute = 1000, tokensPerMinute = 150_000, attemptTimeoutMs = 10_000 } = options;
  const { restMs, note = () => {} } = options;
  const requests = createMinuteBudget({ what: 'requests', perMinute: requestsPerMinute, clock });
  const tokens = createMinuteBudget({ what: 'tokens', perMinute: tokensPerMinute, clock });
  const breaker = createBreaker({
    name: 'embedding service',
    clock,
    ...(restMs !== undefined && { openMs: restMs }),
    onChange: (state, dependency) => note({ kind: 'circuit_changed', dependency, state }),
  });
  let opened: Promise<AzureOpenAI> | undefined;
  const client = () => {
    opened ??= openClient(options);
    opened.catch(() => {
      opened = undefined;
    });
    return opened;
  };
  const callWithin = (timeoutMs: number) =>
    createResilientCall({ name: 'embedding service', clock, timeoutMs, attemptTimeoutMs, breaker });

  const embedBatch = async (texts: readonly string[], timeoutMs: number, signal: AbortSignal | undefined) => {
    const input = texts.map(shortened);
    const call = callWithin(timeoutMs);
    return call(
      async (attempt) => {
        await requests.take(1, timeoutMs, attempt);
        await tokens.take(
          Math.min(
            tokensPerMinute,
            input.reduce((sum, text) => sum + tokensOf(text), 0),
          ),
          timeoutMs,
          attempt,
        );
        try {
          const openai = await client();
          const answer = await openai.embeddings.create(
            { model: deployment, input, encoding_format: 'float' },
            { signal: attempt, maxRetries: 0 },
          );
          note({ kind: 'tokens_counted', embedder: 'azure', tokens: answer.usage?.total_tokens ?? 0 });
          return toVectors(answer.data, input.length);
        } catch (error) {
          throw attempt.aborted ? attempt.reason : explain(error, options.endpoint);
        }
      },
      { idempotent: true, signal },
    );
  };

  return {
    name: 'azure',
    model: deployment,
    dimensions,
    cosines: { low: 0.2, high: 0.65 },
    batchSize: mostTexts,
    async embed(texts, { signal, timeoutMs = indexingTimeoutMs } = {}) {
      const vectors: Float32Array[] = [];
      for (let from = 0; from < texts.length; from += mostTexts) {
        vectors.push(...(await embedBatch(texts.slice(from, from + mostTexts), timeoutMs, signal)));
      }
      return vectors;
    },
    breakerState: breaker.state,
    close: async () => {},
  };
}

async function openClient({ endpoint, deployment, apiVersion, credential }: AzureOpenAIEmbedderOptions): Promise<AzureOpenAI> {
  const { AzureOpenAI } = await import('openai');
  return new AzureOpenAI({
    endpoint,
    deployment,
    apiVersion,
    maxRetries: 0,
    ...('apiKey' in credential ? { apiKey: credential.apiKey } : { azureADTokenProvider: credential.token }),
  });
}

function toVectors(data: readonly { index: number; embedding: readonly number[] }[], wanted: number): Float32Array[] {
  const sorted = [...data].sort((a, b) => a.index - b.index);
  if (sorted.length !== wanted || sorted.some(({ embedding }) => embedding.length !== dimensions)) {
    throw new AppError('dependency_unavailable', `The embedding service sent no ${dimensions} numbers for each text`, {
      hint: 'EMBEDDING_MODEL_DEPLOYMENT_NAME must name a deployment of text-embedding-3-small.',
    });
  }
  return sorted.map(({ embedding }) => Float32Array.from(embedding));
}

/** Only words and status go on: the library's errors carry headers and bodies. */
function explain(error: unknown, endpoint: string): unknown {
  if (error instanceof AppError) return error;
  const { status, message, headers } = (error ?? {}) as { status?: number; message?: string; headers?: Headers };
  const cause = new Error(`HTTP ${status ?? '-'}: ${message ?? String(error)}`);
  const { host } = new URL(endpoint);
  if (status === 429) {
    return new AppError('rate_limited', 'The embedding service asks for fewer calls', { cause, ...statedWait(headers) });
  }
  if (status === 401 || status === 403) {
    return new AppError('misconfigured', `Azure OpenAI at ${host} does not let this server embed texts`, {
      hint: 'Check AZURE_OPENAI_API_KEY, or give its identity the role "Cognitive Services OpenAI User".',
      cause,
    });
  }
  if (status !== undefined && status < 500 && status !== 408) {
    return new AppError('misconfigured', `Azure OpenAI at ${host} refuses to embed (HTTP ${status})`, {
      hint: 'Check AZURE_OPENAI_ENDPOINT, EMBEDDING_MODEL_DEPLOYMENT_NAME and AZURE_OPENAI_API_VERSION.',
      cause,
    });
  }
  const wait = statedWait(headers);
  return new AppError('dependency_unavailable', `Azure OpenAI at ${host} cannot be asked at the moment`, { cause, ...wait });
}

/** RFC 9110, section 10.2.3, in seconds; Azure also sends milliseconds. */
function statedWait(headers: Headers | undefined): { retryAfterMs?: number } {
  const ms = Number(headers?.get('retry-after-ms'));
  if (ms > 0) return { retryAfterMs: ms };
  const stated = headers?.get('retry-after');
  if (stated === null || stated === undefined) return {};
  const seconds = Number(stated);
  const waitMs = Number.isNaN(seconds) ? Date.parse(stated) - Date.now() : seconds * 1000;
  return waitMs > 0 ? { retryAfterMs: waitMs } : {};
}

const tokensOf = (text: string): number => Math.ceil(Buffer.byteLength(text) / 3);

function shortened(text: string): string {
  const whole = Buffer.from(text).toString().trim() || '-';
  if (Buffer.byteLength(whole) <= mostBytes) return whole;
  // A character that is cut in two becomes U+FFFD, three bytes long.
  return Buffer.from(whole)
    .subarray(0, mostBytes - 3)
    .toString();
}
