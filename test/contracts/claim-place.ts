import { expect, test } from 'vitest';
import { type ClaimPlace, claimName } from '../../src/alerts/claims.ts';

export interface ClaimPlaceFixture {
  readonly places: readonly [a: ClaimPlace, b: ClaimPlace];
  /** Makes everything that is known so much older. */
  age(minutes: number): Promise<unknown>;
}

const alert = claimName('["breaker_open","high",["dependency","database"]]');
const another = claimName('another');

/** What every place must do where servers settle who tells of an alert; its cooldown is 15 minutes. */
export function claimPlaceContract(make: () => Promise<ClaimPlaceFixture>) {
  test('one of all that see an alert tells of it, until the cooldown is over', async () => {
    const { places, age } = await make();
    const [a, b] = places;
    const won = await Promise.all(Array.from({ length: 10 }, (_, index) => places[index % 2]?.begin(alert)));
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(await b.begin(another)).toBe(true);
    await age(15);
    expect(await b.begin(alert)).toBe(true);
    expect(await a.begin(alert)).toBe(false);
  });

  test('who told of the beginning tells of the end; another one where that is not heard of, and once', async () => {
    const { places, age } = await make();
    const [a, b] = places;
    await a.begin(alert);
    expect(await b.end(alert)).toBe('held');
    expect(await a.end(alert)).toBe('mine');
    expect(await a.end(alert)).toBe('over');
    await age(60);
    await a.begin(alert);
    await age(2);
    await a.renew([alert]);
    expect(await b.end(alert)).toBe('held');
    await age(2);
    await b.renew([alert]);
    expect(await b.end(alert)).toBe('mine');
    expect(await b.end(alert)).toBe('over');
  });

  test('who told elsewhere while this place was away is known here by the next renewal', async () => {
    const [a, b] = (await make()).places;
    await a.renew([alert]);
    expect(await b.begin(alert)).toBe(false);
    expect(await a.end(alert)).toBe('mine');
  });

  test('the end of what nobody told of is told by nobody', async () => {
    const { places } = await make();
    expect(await places[0].end(another)).toBe('over');
  });
}
