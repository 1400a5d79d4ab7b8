const refusals = new Set(['reject', 'Rejection', 'AppError']);

/** For Stryker: what a refusal says decides nothing; whether it is made does, and is mutated. */
export const strykerPlugins = [
  {
    kind: 'Ignore',
    name: 'refusal-words',
    value: {
      shouldIgnore(path) {
        if (!path.isStringLiteral() && !path.isTemplateLiteral()) return undefined;
        const call = path.findParent((outer) => outer.isCallExpression() || outer.isNewExpression());
        return refusals.has(call?.node.callee.name) ? 'words of a refusal' : undefined;
      },
    },
  },
];
