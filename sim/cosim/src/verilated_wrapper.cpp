#include "verilated_wrapper.h"

namespace dlasim::sim::cosim {

const char* const kVerilatedWrapper = R"cpp(
#include <verilated.h>
#ifdef DLA_FST
#include <verilated_fst_c.h>
#endif

  namespace {
  struct Instance {
    VerilatedContext context;
    VTOP top{&context};
#ifdef DLA_FST
    VerilatedFstC fst;
#endif
  };
  }  // namespace

#define DLA_EXPORT extern "C" __attribute__((visibility("default")))

  DLA_EXPORT void* dla_create() {
    return new Instance;
  }
  DLA_EXPORT void dla_destroy(void* p) {
    Instance* instance = static_cast<Instance*>(p);
#ifdef DLA_FST
    instance->fst.close();
#endif
    instance->top.final();
    delete instance;
  }
  DLA_EXPORT void dla_eval(void* p) {
    static_cast<Instance*>(p)->top.eval();
  }
  /// Calls port(user, name, is_input, bits, storage) for each.
  DLA_EXPORT void dla_ports(void* p, void (*port)(void*, const char*, int, int, void*), void* user) {
    VTOP& top = static_cast<Instance*>(p)->top;
#define PORT(NAME, IS_INPUT, BITS) port(user, #NAME, IS_INPUT, BITS, &top.NAME);
    PORTS
  }
#ifdef DLA_FST
  DLA_EXPORT void dla_fst_open(void* p, const char* file) {
    Instance* instance = static_cast<Instance*>(p);
    instance->context.traceEverOn(true);
    instance->top.trace(&instance->fst, 99);
    instance->fst.set_time_unit("1ps");
    instance->fst.set_time_resolution("1ps");
    instance->fst.open(file);
  }
  DLA_EXPORT void dla_fst_dump(void* p, unsigned long time) {
    static_cast<Instance*>(p)->fst.dump(time);
  }
#endif
)cpp";

}  // namespace dlasim::sim::cosim
