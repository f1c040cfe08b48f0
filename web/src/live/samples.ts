// What comes every second. It lives outside React's state: a figure that changes writes itself into its own element, and
// nothing is rendered for it.
import type { Figures, OutputSample, Project, Stats } from '../api/types';
import { isWaiting } from '../words/states';

/** Five minutes of seconds. */
export const WINDOW = 300;

export interface ProjectSample {
  figures: Figures;
  viewers: number;
}

type Watcher = () => void;

class Samples {
  #projects = new Map<string, ProjectSample[]>();
  #outputs = new Map<string, OutputSample[]>();
  #watchers = new Map<string, Set<Watcher>>();

  push(stats: Stats): void {
    keep(this.#projects, stats.project_id, { figures: stats.figures, viewers: stats.viewers + stats.players });
    this.#wake(stats.project_id);
    for (const { destination_id, state: _, ...figures } of stats.outputs) {
      // One that stands in no project any more has no row to show it.
      if (!destination_id) continue;
      keep(this.#outputs, destination_id, figures);
      this.#wake(destination_id);
    }
  }

  /** Puts what the server remembers in front of what was seen since. */
  seed(project: string, figures: Figures[]): void {
    const seen = this.#projects.get(project) ?? [];
    const first = seen[0]?.figures.at ?? '9';
    const older = figures.filter(({ at }) => at < first).map((each) => ({ figures: each, viewers: seen[0]?.viewers ?? 0 }));
    this.#projects.set(project, [...older, ...seen].slice(-WINDOW));
    this.#wake(project);
  }

  /** Forgets a project's picture: its broadcast is over. */
  forget(project: string): void {
    this.#projects.delete(project);
    this.#wake(project);
  }

  project = (id: string): ProjectSample | undefined => this.#projects.get(id)?.at(-1);

  window(id: string): readonly ProjectSample[] {
    return this.#projects.get(id) ?? [];
  }

  output = (id: string): OutputSample | undefined => this.#outputs.get(id)?.at(-1);

  outputWindow(id: string): readonly OutputSample[] {
    return this.#outputs.get(id) ?? [];
  }

  watch(id: string, watcher: Watcher): () => void {
    const watchers = this.#watchers.get(id) ?? new Set();
    this.#watchers.set(id, watchers.add(watcher));
    return () => {
      watchers.delete(watcher);
      if (watchers.size === 0) this.#watchers.delete(id);
    };
  }

  clear(): void {
    this.#projects.clear();
    this.#outputs.clear();
  }

  #wake(id: string): void {
    for (const watcher of this.#watchers.get(id) ?? []) watcher();
  }
}

function keep<T>(all: Map<string, T[]>, id: string, value: T): void {
  const values = all.get(id);
  if (!values) all.set(id, [value]);
  else {
    values.push(value);
    if (values.length > WINDOW) values.shift();
  }
}

export const samples = new Samples();

/** What comes in: the last second's while there is one, else what the project says; nothing while nobody sends. */
export function bitsIn({ id, live }: Project): number {
  if (isWaiting(live.state)) return 0;
  return (live.state === 'live' && samples.project(id)?.figures.bitrate_bits) || live.bitrate_bits;
}

export function viewersOf({ id, live }: Project): number {
  return samples.project(id)?.viewers ?? live.viewers + live.players;
}
