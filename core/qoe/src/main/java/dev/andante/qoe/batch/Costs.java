package dev.andante.qoe.batch;

/** What it costs, in seconds in which the batch stands still, to change who runs. */
public interface Costs {

  /** Work before a request that does not run can decode: its prefill or its resumption. */
  double startSeconds(BatchRequest request);

  /** Taking a request off the batch and, where that is counted, letting it come back one day. */
  double preemptSeconds(BatchRequest request);
}
