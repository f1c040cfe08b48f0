// What needs a person, over all projects: the worst first.
import type { Project } from '@/api/types';
import { count } from '@/words/format';
import type { Tone } from '@/words/states';

interface Thing {
  tone: Extract<Tone, 'bad' | 'warn'>;
  text: string;
}

export interface Trouble {
  project: Project;
  /** Of the worst. */
  tone: Thing['tone'];
  /** The worst first. */
  things: Thing[];
}

export function troubles(projects: Project[]): Trouble[] {
  const found = projects.flatMap((project): Trouble[] => {
    const { state, outputs, issues } = project.live;
    const of = (when: boolean, tone: Thing['tone'], text: string): Thing[] => (when ? [{ tone, text }] : []);
    const things = [
      ...of(outputs.failed > 0, 'bad', `${count(outputs.failed, 'destination needs', 'destinations need')} you`),
      ...of(issues.error > 0, 'bad', `${count(issues.error, 'fault')} in the signal`),
      ...of(state === 'interrupted', 'warn', 'encoder dropped, viewers see its last picture'),
      ...of(outputs.retrying > 0, 'warn', `${count(outputs.retrying, 'destination')} retrying`),
      ...of(issues.warning > 0, 'warn', `${count(issues.warning, 'warning')} about the signal`),
    ];
    const [worst] = things;
    return worst ? [{ project, tone: worst.tone, things }] : [];
  });
  return found.toSorted((a, b) => Number(b.tone === 'bad') - Number(a.tone === 'bad'));
}

const ON_AIR = new Set(['live', 'interrupted', 'starting']);

export function isOnAir({ live }: Project): boolean {
  return ON_AIR.has(live.state);
}

/** On the air first, the longest there first; the rest by name. */
export function inOrder(projects: Project[]): Project[] {
  return projects.toSorted((a, b) => {
    const air = Number(isOnAir(b)) - Number(isOnAir(a));
    return air || (isOnAir(a) ? (a.live.since ?? '').localeCompare(b.live.since ?? '') : a.name.localeCompare(b.name));
  });
}
