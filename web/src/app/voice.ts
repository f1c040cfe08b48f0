// Says changes of state aloud, once each: failures interrupt, the rest waits its turn. Nothing that comes every second.
import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { keys } from '@/api/queries';
import type { Destination } from '@/api/types';
import { link } from '@/live/link';
import { announce } from '@/ui/toast';

const SPOKEN = /^(output\.state|ingest\.(interrupted|resumed|rejected)|stream\.|health\.changed)/;

export function useStateVoice(): void {
  const client = useQueryClient();
  useEffect(
    () =>
      link.listen((message) => {
        if (message.kind !== 'event' || !SPOKEN.test(message.event.type)) return;
        const { event } = message;
        const destinations = client.getQueryData<Destination[]>(keys.projectPart(event.project_id ?? '', 'destinations'));
        // The words come with the first event: no page waits for them.
        void import('@/words/events').then(({ eventWords }) => {
          const { title, detail, tone } = eventWords(event, (id) => destinations?.find((each) => each.id === id)?.name);
          announce([title, detail].filter(Boolean).join('. '), tone === 'bad' ? 'alert' : 'polite');
        });
      }),
    [client],
  );
}
