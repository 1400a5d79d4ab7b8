import type { RepositoryState } from './repository-state.ts';

export type Experience = 'beginner' | 'intermediate' | 'advanced';

export interface GuideRequest {
  /** As people say them: `typescript`, `sql`, `security`. */
  readonly skills: readonly string[];
  readonly experience: Experience;
}

export interface Suggestion {
  readonly what: string;
  /** In this repository. */
  readonly path: string;
}

type Area = 'documentation' | 'testing' | 'features' | 'performance' | 'security';

export interface ContributionGuide {
  readonly getting_started: Readonly<Record<'setup' | 'first_contribution' | 'testing', Suggestion>>;
  /** The areas that fit the skills first. */
  readonly contribution_areas: readonly {
    readonly area: Area;
    readonly fits: readonly string[];
    readonly suggestions: readonly Suggestion[];
  }[];
  readonly community_resources: Readonly<Record<'discord' | 'discussions' | 'issues' | 'examples', string>>;
  /** Skills that nothing here is chosen by. */
  readonly unknown_skills: readonly string[];
}

const skillsOf: Readonly<Record<Area, readonly string[]>> = {
  documentation: ['documentation', 'docs', 'writing', 'markdown', 'english', 'teaching'],
  testing: ['testing', 'tests', 'vitest', 'fuzzing', 'javascript', 'typescript', 'node'],
  features: ['typescript', 'javascript', 'node', 'mcp', 'react', 'css', 'azure', 'ai', 'embeddings', 'search'],
  performance: ['performance', 'sql', 'postgresql', 'postgres', 'database', 'redis', 'benchmarks', 'profiling'],
  security: ['security', 'sql', 'postgresql', 'postgres', 'identity', 'oauth', 'cryptography', 'pentesting'],
};

/** Pages and folders worth knowing, by area and by what a person already knows. */
const reading: Readonly<Record<Area, Readonly<Record<Experience, readonly Suggestion[]>>>> = {
  documentation: {
    beginner: [{ what: 'follow the tutorial and mend what is unclear', path: 'docs/tutorial/first-answers.md' }],
    intermediate: [{ what: 'write the how-to that you looked for in vain', path: 'docs/how-to' }],
    advanced: [{ what: 'question a decision, or record one that was never written down', path: 'docs/decisions' }],
  },
  testing: {
    beginner: [{ what: 'add a question that an analyst would ask', path: 'test/support/corpus/retail-queries.ts' }],
    intermediate: [{ what: 'give a part without a test of its own one', path: 'test' }],
    advanced: [{ what: 'teach the fuzzer a construct that it does not write yet', path: 'test/support/fuzz/statements.ts' }],
  },
  features: {
    beginner: [{ what: 'write a tool of your own as a plug-in', path: 'examples/custom-tool' }],
    intermediate: [{ what: 'add a tool, an embedder or a cache store', path: 'docs/how-to/extend-the-server.md' }],
    advanced: [{ what: 'serve a schema of your own', path: 'examples/second-schema' }],
  },
  performance: {
    beginner: [{ what: 'run the benchmarks on your machine and share what they say', path: 'docs/how-to/run-the-benchmarks.md' }],
    intermediate: [{ what: 'explain where a slow workload spends its time', path: 'bench/workloads.mjs' }],
    advanced: [{ what: 'look for a plan that beats the one decided on', path: 'docs/decisions/0009-heavy-queries.md' }],
  },
  security: {
    beginner: [{ what: 'read what is promised, and try to break it', path: 'docs/explanation/threat-model.md' }],
    intermediate: [{ what: 'add a hostile statement that is not there yet', path: 'test/support/corpus/hostile-statements.ts' }],
    advanced: [{ what: 'plant a fault that prove does not find', path: 'test/proof/planted-faults.ts' }],
  },
};

const most = 3;

/** Where to begin and what to do, by what a person knows and by what the checkout lacks. Every path is one that exists. */
export function contributionGuide({ skills, experience }: GuideRequest, state: RepositoryState): ContributionGuide {
  const known = skills.map((skill) => skill.trim().toLowerCase()).filter((skill) => skill !== '');
  const areas = (Object.keys(skillsOf) as Area[]).map((area) => ({
    area,
    fits: known.filter((skill) => skillsOf[area].includes(skill)),
    suggestions: [...reading[area][experience], ...wanted(area, experience, state)].filter(({ path }) =>
      state.has(path.replace(/:\d+$/, '')),
    ),
  }));
  const fitting = areas.filter(({ fits }) => fits.length > 0).sort((a, b) => b.fits.length - a.fits.length);
  return {
    getting_started: {
      setup: { what: 'npm ci && npm start', path: 'README.md' },
      first_contribution: { what: 'how a change goes in', path: 'CONTRIBUTING.md' },
      testing: { what: 'npm test; real PostgreSQL by npm run services:up', path: 'docs/how-to/run-local-services.md' },
    },
    contribution_areas: fitting.length === 0 ? areas : fitting,
    community_resources: {
      discord: 'https://discord.com/invite/ByRwuEEgH4',
      discussions: 'https://github.com/orgs/modelcontextprotocol/discussions',
      issues: '.github/ISSUE_TEMPLATE',
      examples: 'examples',
    },
    unknown_skills: known.filter((skill) => !Object.values(skillsOf).some((names) => names.includes(skill))),
  };
}

/** What this checkout lacks. Who is new gets the smallest of it, who is not the largest. */
function wanted(area: Area, experience: Experience, state: RepositoryState): Suggestion[] {
  if (area === 'documentation') {
    return state.unexplained.slice(0, most).map((name) => ({ what: `explain what src/${name}/ does`, path: `src/${name}` }));
  }
  if (area === 'features') {
    return state.todos.slice(0, most).map(({ path, line, text }) => ({ what: `finish: ${text}`, path: `${path}:${line}` }));
  }
  if (area !== 'testing') return [];
  const covered = state.leastCovered
    .slice(0, most)
    .map(({ path, percent }) => ({ what: `raise its coverage (${percent} % of lines)`, path }));
  if (covered.length > 0) return covered;
  const files = experience === 'advanced' ? state.untested.toReversed() : state.untested;
  return files.slice(0, most).map(({ path, lines }) => ({ what: `give its ${lines} lines a test of their own`, path }));
}
