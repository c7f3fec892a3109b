import type { Readable } from 'node:stream';
import { expect } from 'chai';
import type { CommandResult } from '../../src/engine/ingress-engine.ts';
import { MemoryIngress } from '../../src/engine/memory/memory-ingress.ts';
import { askReader } from '../../src/ingress/reader.ts';
import { eventually } from '../eventually.ts';
import { VirtualClock } from '../virtual-clock.ts';

/** An ingress whose reader answers `answer`, in two pieces; while there is none it is silent and cannot be ended. */
class Scripted extends MemoryIngress {
  answer: string | undefined = '\n';
  questions = 0;
  readers = 0;

  override async findIngress(): ReturnType<MemoryIngress['findIngress']> {
    return { id: 'one', running: true, imageId: '', settings: '', ip: null, exitCode: null };
  }

  override async *stream(
    _id: string,
    _command: readonly string[],
    input: Readable,
    signal: AbortSignal,
  ): AsyncGenerator<Buffer, CommandResult | null, void> {
    this.readers += 1;
    signal.addEventListener('abort', () => input.push(null));
    for await (const _ of input) {
      this.questions += 1;
      const { answer } = this;
      if (answer === undefined) return await new Promise(() => {});
      yield Buffer.from(answer.slice(0, 3));
      yield Buffer.from(answer.slice(3));
    }
    return null;
  }
}

describe('a reader in the ingress container', () => {
  let clock: VirtualClock;
  let engine: Scripted;
  let answers: { lines: readonly string[]; isFirst: boolean }[];
  let lost: Error[];
  let following: AbortController;
  let ended: Promise<void>;

  beforeEach(() => {
    clock = new VirtualClock(new Date(0));
    engine = new Scripted();
    answers = [];
    lost = [];
    following = new AbortController();
  });

  function follow(): void {
    ended = askReader(engine, clock, {
      program: ['{ print "" }'],
      everyMs: 1_000,
      onAnswer: (lines, isFirst) => void answers.push({ lines, isFirst }),
      onLost: (error) => void lost.push(error),
      retryMs: 500,
      signal: following.signal,
    });
  }

  /** Its first question is answered, the second one never. */
  async function followUntilSilent(): Promise<void> {
    follow();
    await eventually(() => expect(answers).to.have.lengthOf(1));
    engine.answer = undefined;
    clock.advance(1_000);
    await eventually(() => expect(engine.questions).to.equal(2));
  }

  afterEach(async () => {
    following.abort();
    await ended;
  });

  it('is asked again a while after it has answered, wherever its answer is cut', async () => {
    engine.answer = 'one\ntwo\n\n';
    follow();
    await eventually(() => expect(answers).to.deep.equal([{ lines: ['one', 'two'], isFirst: true }]));
    clock.advance(999);
    engine.answer = '\n';
    clock.advance(1);
    await eventually(() => expect(answers.at(-1)).to.deep.equal({ lines: [], isFirst: false }));
    expect(engine).to.include({ questions: 2, readers: 1 });
  });

  it('is given up on when it does not answer, and followed by another', async () => {
    await followUntilSilent();
    clock.advance(9_999);
    expect(lost).to.deep.equal([]);
    clock.advance(1);
    await eventually(() => expect(lost).to.have.lengthOf(1));
    expect(lost[0]).to.include({ code: 'IngressReaderSilent' });
    engine.answer = '\n';
    clock.advance(500);
    const first = { lines: [], isFirst: true };
    await eventually(() => expect(answers).to.deep.equal([first, first]));
    expect(engine.readers).to.equal(2);
  });

  it('is given up on by who was suspended, and does not tell what it counted meanwhile', async () => {
    follow();
    await eventually(() => expect(answers).to.have.lengthOf(1));
    engine.answer = 'many\n\n';
    clock.jump(60_000);
    await eventually(() => expect(lost).to.have.lengthOf(1));
    clock.advance(500);
    await eventually(() => expect(answers).to.have.lengthOf(2));
    expect(answers[1]).to.deep.include({ isFirst: true });
    expect(engine).to.include({ readers: 2, questions: 2 });
  });

  it('ends at once when it is not wanted any more, though the connection never does', async () => {
    await followUntilSilent();
    following.abort();
    await ended;
    expect(lost).to.deep.equal([]);
    expect(clock.next).to.equal(null);
  });

  it('tells once that it is lost, however often another one is tried', async () => {
    engine.answer = undefined;
    follow();
    for (let reader = 1; reader <= 3; reader += 1) {
      await eventually(() => expect(engine).to.include({ readers: reader, questions: reader }));
      clock.advance(60_000);
      await eventually(() => expect(clock.next?.getTime()).to.equal(clock.now().getTime() + 500));
      clock.advance(500);
    }
    expect(lost).to.have.lengthOf(1);
  });
});
