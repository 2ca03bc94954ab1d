package dev.andante.engine.fake;

import dev.andante.compute.Backend;
import dev.andante.compute.BackendException;
import dev.andante.compute.KvPool;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicBoolean;

/** A backend whose device can be lost: from then on whatever is asked of it fails, as with CUDA. */
public final class BreakableBackend {

  public final AtomicBoolean lost = new AtomicBoolean();

  public Backend wrap(Backend real) {
    return breakable(Backend.class, real);
  }

  private <T> T breakable(Class<T> type, Object real) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              if (lost.get() && !method.getName().equals("close")) {
                throw new BackendException("device lost");
              }
              try {
                Object result = method.invoke(real, arguments);
                return result instanceof KvPool pool ? breakable(KvPool.class, pool) : result;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }
}
