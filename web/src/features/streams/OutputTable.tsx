// What reached each destination.
import type { Report } from '@/api/types';
import { bytes } from '@/words/format';
import { outputWords } from '@/words/states';
import { Toned } from '@/ui/State';

interface Props {
  outputs: Report['outputs'];
  names: (destination: string) => string | undefined;
}

export function OutputTable({ outputs, names }: Props) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must scroll by keyboard
    <div className="overflow-x-auto px-4 pb-2" role="region" aria-label="Destinations of this show" tabIndex={0}>
      <table className="list">
        <thead>
          <tr>
            <th scope="col">Destination</th>
            <th scope="col">At the end</th>
            <th scope="col">Sent</th>
            <th scope="col" className="max-sm:hidden">
              Dropped
            </th>
            <th scope="col" className="max-sm:hidden">
              Reconnects
            </th>
          </tr>
        </thead>
        <tbody>
          {outputs.map(({ destination_id, name, state, sent_bytes, dropped_frames, reconnects }) => {
            const words = state ? outputWords(state) : null;
            return (
              <tr key={destination_id ?? name}>
                <td className="font-medium">
                  {name || names(destination_id ?? '') || destination_id}
                  <span className="block text-[0.82rem] font-normal text-faint sm:hidden">
                    {dropped_frames ?? '–'} dropped, {reconnects ?? '–'} reconnects
                  </span>
                </td>
                <td>
                  {words ? (
                    <Toned tone={words.tone} sign={words.sign}>
                      {words.word}
                    </Toned>
                  ) : (
                    '–'
                  )}
                </td>
                <td className="figure whitespace-nowrap">{bytes(sent_bytes)}</td>
                <td className="figure max-sm:hidden">{dropped_frames ?? '–'}</td>
                <td className="figure max-sm:hidden">{reconnects ?? '–'}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
