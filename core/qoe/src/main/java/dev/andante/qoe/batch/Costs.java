package dev.andante.qoe.batch;

/** What it costs, in seconds in which the batch stands still, to change who runs. */
public interface Costs {

  /** Work before a request that does not run can decode: its prefill or its resumption. */
  double startSeconds(BatchRequest request);

  /** Taking a request that runs off the batch. */
  double preemptSeconds(BatchRequest request);
}
