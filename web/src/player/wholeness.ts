// hls.js 1.7.4 plays a segment part by part, and forgets in two ways that one of its parts is missing:
//
// - A playlist in which the segment is whole comes while the part before the last is still fetched. Less than 0.2 s is
//   missing then, which counts as nothing.
// - What was played is taken out of the buffer between the arrival of a part and its place in it. The parts before that
//   one are then not known to be there.
//
// Either way the segment is "there", a part of it is "not there", and nothing is fetched until the next segment is whole:
// the picture stands still for two seconds. Here such a segment is there in part, and the next part is fetched.
import Hls, { type Fragment, type HlsConfig, type LevelDetails } from 'hls.js';

type Buffers = NonNullable<HlsConfig['bufferController']>;
type Tracker = ConstructorParameters<Buffers>[1];
type State = ReturnType<Tracker['getState']>;

/** Segments that are remembered: more than have parts in a playlist. */
const KEPT = 20;

interface Piece {
  fragment: { sn: Fragment['sn'] };
  loaded: boolean;
  gap?: boolean;
}

/** Whether some parts of a segment are there and some are not. */
export function isInPieces(parts: readonly Piece[] | null | undefined, sn: Fragment['sn']): boolean {
  const own = (parts ?? []).filter((part) => part.fragment.sn === sn && !part.gap);
  return own.some((part) => part.loaded) && own.some((part) => !part.loaded);
}

function detailsOf(hls: Hls, fragment: Fragment): LevelDetails | undefined {
  if (fragment.type === 'main') return hls.levels[fragment.level]?.details;
  return fragment.type === 'audio' ? hls.audioTracks[fragment.level]?.details : undefined;
}

const nameOf = ({ type, level, sn }: Fragment) => `${type} ${level} ${sn}`;

function correct(hls: Hls, tracker: Tracker): void {
  const stateOf = tracker.getState.bind(tracker);
  const [whole, partial] = ['OK', 'PARTIAL'] as [State, State];
  // A segment that was fetched whole has its parts too, which hls.js does not write down.
  const fetchedWhole: string[] = [];
  hls.on(Hls.Events.FRAG_LOADED, (_, { frag, part }) => {
    if (!part && fetchedWhole.push(nameOf(frag)) > KEPT) fetchedWhole.shift();
  });
  tracker.getState = (fragment) => {
    const state = stateOf(fragment);
    if (state !== whole || fetchedWhole.includes(nameOf(fragment))) return state;
    return isInPieces(detailsOf(hls, fragment)?.partList, fragment.sn) ? partial : state;
  };
}

/** hls.js hands the tracker of what is there to this controller, and to nobody outside. */
export function correctedBuffers(): Buffers {
  const Default = Hls.DefaultConfig.bufferController;
  if (!Default) throw new Error('hls.js was built without buffers');
  return class extends Default {
    constructor(hls: Hls, tracker: Tracker) {
      super(hls, tracker);
      correct(hls, tracker);
    }
  };
}
