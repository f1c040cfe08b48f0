// A new key for an old one, with a time in which both work, so that a show is not cut by it.
import { useState } from 'react';
import type { StreamKey } from '@/api/types';
import { Confirm } from '@/ui/Dialog';
import { SelectField } from '@/ui/Field';

interface Props {
  streamKey: StreamKey;
  busy: boolean;
  onRotate: (overlapS: number) => void;
  onClose: () => void;
}

export default function RotateKey({ streamKey, busy, onRotate, onClose }: Props) {
  const [overlap, setOverlap] = useState(3600);
  return (
    <Confirm
      title={`A new key for ${streamKey.name}`}
      effect="Put the new key into your encoder while the old one still works. A show that is on the air goes on."
      action="Make it"
      danger={false}
      busy={busy}
      onClose={onClose}
      onConfirm={() => onRotate(overlap)}
    >
      <SelectField label="The old key works" value={overlap} onChange={(event) => setOverlap(Number(event.target.value))}>
        <option value={0}>not any more</option>
        <option value={3600}>for another hour</option>
        <option value={21600}>for another 6 hours</option>
        <option value={86400}>for another day</option>
      </SelectField>
    </Confirm>
  );
}
