import { describe, expect, test } from 'vitest';
import { Election } from '../../src/tabs/election.js';
import { Lobby, type TabScope } from '../../src/tabs/scope.js';
import { VirtualTime } from '../../src/testing.js';
import { Actor, Air } from '../support/actors.js';
import { LockTable } from '../support/locks.js';

/** Tabs that elect a leader; a leader answers whoever asks. */
class Room {
  readonly time = new VirtualTime();
  readonly locks = new LockTable();
  readonly air = new Air();
  readonly tabs: Voter[] = [];

  tab(): Voter {
    const voter = new Voter(this);
    this.tabs.push(voter);
    voter.election.start();
    return voter;
  }

  get leaders(): number[] {
    return this.tabs.flatMap(({ election, actor }, at) => (election.isLeader && actor.isAlive ? [at] : []));
  }
}

class Voter {
  readonly actor: Actor;
  readonly election: Election;
  readonly news: string[] = [];
  #lobby: Lobby | undefined;

  constructor(room: Room) {
    this.actor = new Actor(room.locks, room.air);
    const scope: TabScope = {
      name: 'tabs',
      locks: this.actor.locks,
      broadcast: (name) => this.actor.channel(name),
      setTimer: (delayMs, run) => room.time.set(room.time.now + delayMs, () => this.actor.run(run)),
      newName: () => 'name',
    };
    this.election = new Election(scope, {
      won: () => {
        this.news.push('won');
        this.#lobby = new Lobby(
          scope,
          ({ type }) => type === 'who' && this.#lobby?.post({ type: 'lead', leader: 'x', status: STATUS }),
        );
      },
      lost: () => {
        this.news.push('lost');
        this.#lobby?.close();
      },
    });
  }
}

const STATUS = {
  state: 'connected',
  attempts: 0,
  nextAttemptAt: undefined,
  latencyMs: undefined,
  quality: 'good',
  lastError: undefined,
} as const;

describe('the lead', () => {
  test('goes_to_the_first_and_to_the_next_when_it_ends', async () => {
    const room = new Room();
    const [first] = [room.tab(), room.tab(), room.tab()];
    await room.time.advance(0);
    expect(room.leaders).toEqual([0]);
    first.actor.kill();
    await room.time.advance(0);
    expect(room.leaders).toEqual([1]);
  });

  test('is_given_up_by_a_tab_that_stops_and_taken_again_by_one_that_starts', async () => {
    const room = new Room();
    const [first, second] = [room.tab(), room.tab()];
    await room.time.advance(0);
    first.election.stop();
    second.election.stop();
    await room.time.advance(0);
    expect(room.leaders).toEqual([]);
    first.election.start();
    await room.time.advance(0);
    expect([room.leaders, first.news]).toEqual([[0], ['won', 'lost', 'won']]);
  });

  test('stays_with_a_leader_that_answers', async () => {
    const room = new Room();
    const [, second] = [room.tab(), room.tab()];
    await room.time.advance(0);
    second.election.contend();
    await room.time.advance(60_000);
    expect(room.leaders).toEqual([0]);
  });

  test('is_taken_from_a_frozen_leader_by_exactly_one_of_those_who_notice', async () => {
    const room = new Room();
    const [first, ...others] = [room.tab(), room.tab(), room.tab(), room.tab()];
    await room.time.advance(0);
    first?.actor.freeze();
    for (const { election } of others) {
      election.contend();
    }
    await room.time.advance(60_000);
    expect(others.map(({ news }) => news.length).sort()).toEqual([0, 0, 1]);
    first?.actor.thaw();
    await room.time.advance(0);
    expect(first?.news).toEqual(['won', 'lost']);
    expect(room.leaders).toHaveLength(1);
    others.find(({ election }) => election.isLeader)?.actor.kill();
    await room.time.advance(0);
    expect(room.leaders).toHaveLength(1); // All others are in line still.
  });

  test('is_taken_from_a_frozen_tab_that_was_next_in_line', async () => {
    const room = new Room();
    const [first, second, third] = [room.tab(), room.tab(), room.tab()];
    await room.time.advance(0);
    second.actor.freeze();
    first.actor.kill();
    third.election.contend();
    await room.time.advance(60_000);
    expect(third.election.isLeader).toBe(true);
    second.actor.thaw();
    await room.time.advance(0);
    expect(room.leaders).toEqual([2]);
  });
});
