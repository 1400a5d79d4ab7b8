import { writeSync } from 'node:fs';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../core/clock.ts';
import type { Note } from '../core/observation.ts';
import { createCrashReport } from '../telemetry/crash-report.ts';
import { createLineBuffer } from '../telemetry/line-buffer.ts';
import { createLogFile } from '../telemetry/log-file.ts';
import { createLogSink, type LineWriter } from '../telemetry/log-sink.ts';

const stderr = 2;

/** The log of a serving process: stderr, LOG_FILE beside it, and the last line of a process that dies. All of it masked. */
export function openLog(config: Config, clock: Clock): Note {
  const file =
    config.logFile === undefined
      ? undefined
      : createLogFile({
          path: config.logFile,
          onFailure: (error) => process.stderr.write(`The log file ${config.logFile} cannot be written: ${error.message}\n`),
        });
  const tee: LineWriter = {
    write(lines) {
      process.stderr.write(lines);
      file?.write(lines);
    },
  };
  const stream = createLineBuffer({ target: tee });
  process.once('exit', stream.flush);
  const crashed = createCrashReport({ write: (line) => writeSync(stderr, line), exit: process.exit, clock });
  process.once('uncaughtException', (error) => crashed(error));
  process.once('unhandledRejection', (error) => crashed(error, 'unhandledRejection'));
  return createLogSink({ stream, clock, level: config.logLevel });
}
