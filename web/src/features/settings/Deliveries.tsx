// How a webhook's deliveries went, each to be sent again.
import { useMutation, useQueryClient, useSuspenseInfiniteQuery } from '@tanstack/react-query';
import { api, ok } from '@/api/client';
import { deliveriesQuery, keys } from '@/api/queries';
import type { Delivery, Webhook } from '@/api/types';
import { Private } from '@/app/Private';
import { Button } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import { Empty } from '@/ui/Empty';
import { Toned } from '@/ui/State';
import { toastError } from '@/ui/toast';
import { dateTime } from '@/words/format';
import type { Tone } from '@/words/states';

const STATUS: Record<string, [Tone, string]> = { delivered: ['ok', 'Delivered'], pending: ['info', 'On its way'], failed: ['bad', 'Failed'] };

export default function Deliveries({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  const deliveries = useSuspenseInfiniteQuery(deliveriesQuery(webhook.id));
  const items = deliveries.data.pages.flatMap((page) => page.items);
  const client = useQueryClient();
  const again = useMutation({
    mutationFn: (delivery_id: string) => ok(api.POST('/webhooks/{id}/deliveries/{delivery_id}/redeliver', { params: { path: { id: webhook.id, delivery_id } } })),
    onError: (error) => toastError('It was not sent again', error),
    onSettled: () => client.invalidateQueries({ queryKey: [...keys.webhooks, webhook.id, 'deliveries'] }),
  });
  return (
    <Dialog open wide onClose={onClose} title="Deliveries" description={<Private>{webhook.url}</Private>}>
      {items.length === 0 ? (
        <Empty title="Nothing was delivered yet" />
      ) : (
        <ul className="rows -mx-2">
          {items.map((each) => (
            <li key={each.id} className="flex items-center gap-3 px-2 py-2">
              <HowItWent delivery={each} />
              <Button size="small" busy={again.isPending && again.variables === each.id} onClick={() => again.mutate(each.id)}>
                Send again
              </Button>
            </li>
          ))}
        </ul>
      )}
      {deliveries.hasNextPage && (
        <Button className="mt-3" size="small" busy={deliveries.isFetchingNextPage} onClick={() => void deliveries.fetchNextPage()}>
          Earlier
        </Button>
      )}
    </Dialog>
  );
}

function HowItWent({ delivery: { event_type, status, attempt, response_code, error, created_at } }: { delivery: Delivery }) {
  const [tone, word] = STATUS[status] ?? ['off', status];
  return (
    <div className="min-w-0 flex-1">
      <p className="flex flex-wrap items-baseline gap-x-3">
        <code>{event_type ?? 'an event that is no longer kept'}</code>
        <Toned tone={tone}>{word}</Toned>
        <span className="figure text-sm text-faint">{dateTime(created_at)}</span>
      </p>
      <p className="truncate text-sm text-soft">{[response_code && `answered ${response_code}`, error, attempt > 1 && `attempt ${attempt}`].filter(Boolean).join(' · ')}</p>
    </div>
  );
}
