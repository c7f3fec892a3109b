import type { Readable } from 'node:stream';
import { expect } from 'chai';
import { MemoryIngress } from '../../src/engine/memory/memory-ingress.ts';
import { askReader } from '../../src/ingress/reader.ts';
import { eventually } from '../eventually.ts';
import { VirtualClock } from '../virtual-clock.ts';

/** An ingress whose reader answers `answer`, in two pieces, or nothing while there is none. */
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
  ): AsyncGenerator<Buffer, number | null, void> {
    this.readers += 1;
    signal.addEventListener('abort', () => input.push(null));
    for await (const _ of input) {
      this.questions += 1;
      if (this.answer === undefined) continue;
      yield Buffer.from(this.answer.slice(0, 3));
      yield Buffer.from(this.answer.slice(3));
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
    follow();
    await eventually(() => expect(answers).to.have.lengthOf(1));
    engine.answer = undefined;
    clock.advance(1_000);
    await eventually(() => expect(engine.questions).to.equal(2));
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
