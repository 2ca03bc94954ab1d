package dev.andante.host.model;

import dev.andante.compute.ComputePool;
import dev.andante.host.config.ComputeProperties;
import dev.andante.host.config.ModelProperties;
import dev.andante.model.ExpertExecutorFactory;
import java.util.Optional;
import org.springframework.boot.context.event.ApplicationFailedEvent;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.support.GenericApplicationContext;

/**
 * Begins to load the model as soon as the settings of a process are known, beside the start of
 * everything else. The context then has its {@link ModelHost} and {@link ComputePool}. Settings
 * that cannot be read are left to the context, which says what is wrong with them.
 */
public final class EarlyModel implements ApplicationContextInitializer<GenericApplicationContext> {

  @Override
  public void initialize(GenericApplicationContext context) {
    Binder binder = Binder.get(context.getEnvironment());
    try {
      ModelProperties model = binder.bindOrCreate("andante.model", ModelProperties.class);
      ComputeProperties compute = binder.bindOrCreate("andante.compute", ComputeProperties.class);
      if (!model.path().isBlank() && compute.threads() >= 0) {
        begin(context, model, compute);
      }
    } catch (BindException e) {
      return; // the context will say so
    }
  }

  private static void begin(
      GenericApplicationContext context, ModelProperties model, ComputeProperties compute) {
    ComputePool pool = new ComputePool(compute.effectiveThreads());
    ModelHost host =
        new ModelHost(
            model,
            compute,
            pool,
            () ->
                Optional.ofNullable(
                    context.getBeanProvider(ExpertExecutorFactory.class).getIfAvailable()),
            status -> context.getBean(ProcessExit.class).exit(status));
    context.registerBean("computePool", ComputePool.class, () -> pool);
    context.registerBean("modelHost", ModelHost.class, () -> host);
    context.addApplicationListener(
        event -> {
          if (event instanceof ApplicationFailedEvent) {
            host.stop();
            pool.close();
          }
        });
    host.begin();
  }
}
