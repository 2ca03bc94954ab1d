package dev.andante.model.layers;

import dev.andante.compute.Backend;
import dev.andante.compute.Weight;
import dev.andante.model.ExpertExecutor;
import dev.andante.model.Routing;

/**
 * A mixture of experts: scores, routing, and the experts wherever they run.
 *
 * @param gate {@code [experts, hidden]}
 */
public record MoeLayer(Weight gate, ExpertRouter router, ExpertExecutor experts)
    implements FeedForward {

  @Override
  public void forward(Pass pass, RmsNorm norm, int layer) {
    Backend backend = pass.backend();
    Activations a = pass.activations();
    norm.forward(backend, a.hidden(), a.normed());
    Activations.Moe moe = a.requireMoe();
    backend.matmul(a.normed(), gate, moe.scores());
    backend.read(moe.scores(), moe.hostScores());
    Routing routing = router.route(moe.hostScores(), a.rows());
    experts.apply(layer, a.normed(), routing, moe.output());
    backend.add(moe.output(), a.hidden());
  }
}
