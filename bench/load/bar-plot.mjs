// Bars as SVG: https://www.w3.org/TR/SVG2/. Readable on light and on dark pages.

const width = 760;
const rowHeight = 24;
const labelWidth = 330;
const barWidth = 310;

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const shown = (value) => value.toLocaleString('en-US', { maximumFractionDigits: value < 100 ? 2 : 0 });

/**
 * One scale for each unit, starting at nothing.
 *
 * @param {readonly { group: string, label: string, value: number, unit: string }[]} bars
 */
export function renderBars(bars) {
  const most = new Map();
  for (const { unit, value } of bars) most.set(unit, Math.max(most.get(unit) ?? 0, value));
  let y = 8;
  let group;
  const parts = bars.map((bar) => {
    const isNew = bar.group !== group;
    if (isNew) y += rowHeight;
    const head = isNew ? `<text x="8" y="${y - 6}" font-weight="bold">${escaped(bar.group)}</text>` : '';
    group = bar.group;
    const top = y;
    y += rowHeight;
    const length = (barWidth * bar.value) / (most.get(bar.unit) || 1);
    return `${head}<text x="${labelWidth - 8}" y="${top + 16}" text-anchor="end">${escaped(bar.label)}</text><rect x="${labelWidth}" y="${top + 4}" width="${length.toFixed(1)}" height="${rowHeight - 8}" fill="#3b82c4"/><text x="${(labelWidth + length + 6).toFixed(1)}" y="${top + 16}">${shown(bar.value)} ${escaped(bar.unit)}</text>`;
  });
  const height = y + 8;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="12" fill="#777">\n${parts.join('\n')}\n</svg>\n`;
}
