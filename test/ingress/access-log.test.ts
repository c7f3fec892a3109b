import { expect } from 'chai';
import { systemClock } from '../../src/clock.ts';
import { followAccessLog } from '../../src/ingress/access-log.ts';
import { parseAccessLine } from '../../src/metrics/access-log.ts';
import { eventually } from '../eventually.ts';
import { routeTo, useIngress } from './fixture.ts';

describe('the access log', () => {
  const ingress = useIngress();

  function listener() {
    const heard = { open: 0, told: 0, lost: 0, lines: [] as string[] };
    return {
      heard,
      onOpen: () => void (heard.open += 1),
      onTold: () => void (heard.told += 1),
      onLost: () => void (heard.lost += 1),
      onLine: (line: string, times: number) => void heard.lines.push(...Array<string>(times).fill(line)),
    };
  }

  it('tells every request with app and instance, a retry with both, and one for nobody without', async () => {
    const web = await ingress.instance('web');
    const nginx = ingress.nginx();
    const nobody = { ...web, port: 9 };
    await nginx.apply([
      routeTo('web', [web]),
      routeTo('half', [nobody, web], { balance: 'round_robin' }),
      routeTo('none', []),
    ]);
    const log = listener();
    const ended = followAccessLog(ingress.engine(), systemClock, log, ingress.following.signal);
    await eventually(() => expect(log.heard.open).to.equal(1));
    for (const host of ['web', 'half', 'half', 'none', 'unknown'])
      await ingress.get(`${host}.localhost`, '/secret');
    await eventually(() => expect(log.heard.lines).to.have.lengthOf(5));
    const entries = log.heard.lines.map(parseAccessLine);
    const told = entries.map((entry) => [
      entry?.app,
      entry?.status,
      entry?.upstream.map(({ status }) => status),
    ]);
    const address = `${web.ip}:8080`;
    expect(told).to.have.deep.members([
      ['web', 200, [200]],
      ['half', 200, [502, 200]],
      ['half', 200, [200]],
      ['none', 503, []],
      [null, 404, []],
    ]);
    expect(entries.find((entry) => entry?.app === 'web')?.upstream[0]?.address).to.equal(address);
    expect(log.heard.lines.join('\n')).to.not.include('secret').and.not.include('localhost');
    ingress.following.abort();
    await ended;
  });

  it('goes on over reloads, is told to be lost with its container, and comes back with the next', async () => {
    const nginx = ingress.nginx();
    await nginx.apply([routeTo('web', [])]);
    const log = listener();
    const ended = followAccessLog(ingress.engine(), systemClock, log, ingress.following.signal);
    await eventually(() => expect(log.heard.open).to.equal(1));
    await ingress.get('web.localhost');
    await nginx.apply([routeTo('web', []), routeTo('more', [])]);
    await ingress.get('more.localhost');
    await eventually(() => expect(log.heard.lines).to.have.lengthOf(2));
    expect(log.heard.lost).to.equal(0);
    const id = (await ingress.container())?.Id ?? '';
    await ingress.docker.getContainer(id).kill();
    await eventually(() => expect(log.heard).to.include({ open: 2, lost: 1 }));
    // It may be read before nginx listens.
    await eventually(() => ingress.get('web.localhost'));
    await eventually(() => expect(log.heard.lines).to.have.lengthOf(3));
    ingress.following.abort();
    await ended;
  });

  it('tells each line once, and those that are alike together, while it is emptied again and again', async () => {
    await ingress.nginx().apply([routeTo('web', [])]);
    const log = listener();
    let tellings = 0;
    const onLine = (line: string, times: number): void => {
      tellings += 1;
      log.onLine(line, times);
    };
    const ended = followAccessLog(
      ingress.engine(),
      systemClock,
      { ...log, onLine },
      ingress.following.signal,
    );
    await eventually(() => expect(log.heard.open).to.equal(1));
    let asked = 0;
    await eventually(async () => {
      await ingress.get('web.localhost');
      asked += 1;
      expect(tellings).to.be.at.least(3);
      expect(log.heard.told).to.be.at.least(4);
    });
    await eventually(() => expect(log.heard.lines).to.have.lengthOf(asked));
    expect(tellings).to.be.lessThan(asked);
    expect(log.heard.lines.every((line) => parseAccessLine(line)?.app === 'web')).to.equal(true);
    expect(log.heard).to.include({ open: 1, lost: 0 });
    ingress.following.abort();
    await ended;
  });

  it('leaves nothing running in the container when nobody follows any more', async () => {
    await ingress.nginx().apply([]);
    const log = listener();
    const ended = followAccessLog(ingress.engine(), systemClock, log, ingress.following.signal);
    await eventually(() => expect(log.heard.open).to.equal(1));
    const id = (await ingress.container())?.Id ?? '';
    const programs = async (): Promise<string[]> => {
      const processes = await ingress.engine().processes(id);
      return [...new Set(processes.map(({ command }) => command.split(/[ :]/)[0] ?? ''))];
    };
    expect(await programs()).to.have.members(['nginx', 'awk', '/bin/sh']);
    ingress.following.abort();
    await ended;
    await eventually(async () => expect(await programs()).to.deep.equal(['nginx']));
  });

  it('says that the image lacks what it needs to read the log', async () => {
    await ingress.nginx().apply([]);
    const errors: Error[] = [];
    const engine = ingress.engine();
    const stream = engine.stream.bind(engine);
    engine.stream = (id, [, ...args], ...rest) => stream(id, ['no-such-program', ...args], ...rest);
    const log = { ...listener(), onLost: (error: Error) => void errors.push(error) };
    const ended = followAccessLog(engine, systemClock, log, ingress.following.signal);
    await eventually(() => expect(errors).to.have.lengthOf(1));
    expect(errors[0]).to.include({ code: 'IngressReaderEnded' });
    expect(errors[0]?.message).to.match(/no-such-program.*not found/);
    ingress.following.abort();
    await ended;
  });
});
