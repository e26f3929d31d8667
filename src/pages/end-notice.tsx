interface EndNoticeProps {
  /** How many sessions the last request ended; `undefined` when it ended none. */
  readonly count: number | undefined;
}

/** Says on a list what was done a moment ago, also to a screen reader. */
export function EndNotice({ count }: EndNoticeProps) {
  if (count === undefined) return null;
  return (
    <p class="act" role="status">
      {count === 1 ? '1 session has ended.' : `${count} sessions have ended.`}
    </p>
  );
}
