// Adds a destination or changes one, also while it sends: the others notice nothing.
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ApiError, api, ifMatch, ok, once } from '@/api/client';
import { keys, platformsQuery } from '@/api/queries';
import type { Destination, Platform } from '@/api/types';
import { Button } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import { CheckField, FormError } from '@/ui/Field';
import { toast } from '@/ui/toast';
import { DestinationFields } from './DestinationFields';
import { PlatformPicker } from './PlatformPicker';
import { type Draft, draftOf, freshDraft, inputOf } from './draft';

interface Props {
  project: string;
  /** The test pattern is on the air: it would go out to a new destination at once. */
  pattern?: boolean;
  /** Null: a new one. */
  destination: Destination | null;
  onClose: () => void;
}

export default function DestinationDialog({ project, pattern = false, destination, onClose }: Props) {
  const platforms = useSuspenseQuery(platformsQuery).data;
  const [draft, setDraft] = useState<Draft | null>(destination ? draftOf(destination) : null);
  // A server of one's own is no platform: nothing is known of it.
  const platform = platforms.find(({ id }) => id === draft?.platform && id !== 'custom') ?? null;
  const choose = (chosen: Platform | null) => setDraft(freshDraft(chosen, !pattern));
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={destination ? `Edit ${destination.name}` : draft ? `Add ${platform?.name ?? 'an RTMP server'}` : 'Add a destination'}
      description={destination?.output.state === 'sending' ? 'It is sending: a new address or key makes it connect again. The others notice nothing.' : undefined}
    >
      {draft ? (
        <Form
          project={project}
          pattern={pattern}
          destination={destination}
          platform={platform}
          draft={draft}
          setDraft={setDraft}
          onClose={onClose}
          onBack={destination ? null : () => setDraft(null)}
        />
      ) : (
        <PlatformPicker platforms={platforms} onChoose={choose} />
      )}
    </Dialog>
  );
}

interface FormProps extends Props {
  platform: Platform | null;
  draft: Draft;
  setDraft: (draft: Draft) => void;
  onBack: (() => void) | null;
}

function Form({ project, pattern, destination, platform, draft, setDraft, onClose, onBack }: FormProps) {
  const save = useSave(project, destination, onClose);
  const error = save.error instanceof ApiError ? save.error : null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate(draft);
  };
  return (
    <form onSubmit={submit} className="grid gap-4">
      <DestinationFields draft={draft} setDraft={setDraft} platform={platform} destination={destination} errors={error?.fields ?? {}} />
      {pattern && !destination && (
        <CheckField
          label="Send the test pattern there now"
          hint="It is on the air: whoever watches there would see it. Off, this destination waits for its switch."
          checked={draft.enabled}
          onChange={(event) => setDraft({ ...draft, enabled: event.target.checked })}
        />
      )}
      <FormError>{error && (Object.keys(error.fields).length === 0 ? error.message : null)}</FormError>
      <div className="sheet-end">
        {onBack && (
          <Button kind="quiet" onClick={onBack}>
            Back
          </Button>
        )}
        <Button className="ml-auto" onClick={onClose}>
          Cancel
        </Button>
        <Button kind="primary" type="submit" busy={save.isPending}>
          {destination ? 'Save' : 'Add'}
        </Button>
      </div>
    </form>
  );
}

function useSave(project: string, destination: Destination | null, onDone: () => void) {
  const client = useQueryClient();
  const key = keys.projectPart(project, 'destinations');
  const [header] = useState(once);
  return useMutation({
    mutationFn: (draft: Draft) =>
      destination
        ? ok(
            api.PATCH('/destinations/{id}', {
              params: { path: { id: destination.id }, header: ifMatch(destination) },
              body: inputOf(draft, destination),
            }),
          )
        : ok(api.POST('/projects/{id}/destinations', { params: { path: { id: project }, header }, body: inputOf(draft, null) })),
    onSuccess: (answer) => {
      client.setQueryData<Destination[]>(key, (all) =>
        destination ? all?.map((each) => (each.id === answer.id ? answer : each)) : [...(all ?? []), answer],
      );
      void client.invalidateQueries({ queryKey: keys.project(project), exact: true });
      toast(destination ? `${answer.name} saved` : `${answer.name} added`, { tone: 'ok' });
      onDone();
    },
    onError: (error) => {
      if (error instanceof ApiError && error.status === 412) void client.invalidateQueries({ queryKey: key });
    },
  });
}
